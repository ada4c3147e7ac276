"""Runs the commands of transcripts and compares what they print: replay.py real|serve|record FILE...

A transcript is a text file. A line "$ queue stats osc -f json" is a command of `openstack messaging`. Below it is its output
and, unless it is 0, its exit code as "[1]". Values that differ between runs have names: "<id 1>" is the first identifier that
any command printed, and stands for it in later commands. {NAME} stands for the environment variable NAME. Only the code and
title of an error are compared, because servers word their errors differently. Where `zaqar serve` differs on purpose, its
output is below a line "~ the reason". Every other difference is a failure. With record, the file is written from the output
with real servers.
"""
import json
import os
import pathlib
import re
import shlex
import sys
import tempfile
import time

# What every command loads, which takes two seconds: here once, and commands run in forks of this process.
import keystoneauth1.identity.v3
import openstackclient.identity.v3.token
import openstackclient.shell
import zaqarclient.queues.v2.cli

WIDTH = 120
PATIENCE = 60  # seconds for a command

IDENTIFIER = re.compile(r'(?<!MD5:)\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32})\b')
DATE = re.compile(r'\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?')
VARIABLE = re.compile(r'\{([A-Z0-9_]+)\}')
ERROR = re.compile(r'(Error response from Zaqar\. Code: \d+\. Title: .*?)\. (?:Description|Text): .*', re.DOTALL)
# Numbers that depend on the time.
NUMBERS = {'Age', 'age', 'seconds'}


class Transcript:
    """A file, the names it has given so far, and the steps in it."""

    def __init__(self, file):
        self.file = pathlib.Path(file)
        self.names = {}
        self.variables = {}
        self.head, self.steps = [], []
        for line in self.file.read_text().splitlines():
            if line.startswith('$ '):
                self.steps.append((line, []))
            elif self.steps:
                self.steps[-1][1].append(line)
            else:
                self.head.append(line)

    def run(self, line):
        """Runs the command of a step, and returns what it prints, as lines with names in them."""
        arguments = [self.filled(argument) for argument in shlex.split(line[2:])]
        code, output, complaints = openstack(['messaging', *arguments])
        printed = [*laid_out(self.named(steady_text(output))), *self.named(worded(complaints)).splitlines()]
        if code:
            printed.append(f'[{code}]')
        return printed

    def filled(self, argument):
        for identifier, name in self.names.items():
            argument = argument.replace(name, identifier)

        def value(match):
            self.variables[os.environ[match[1]]] = match[0]
            return os.environ[match[1]]

        return VARIABLE.sub(value, argument)

    def named(self, text):
        for value, name in self.variables.items():
            text = text.replace(value, name)
        text = IDENTIFIER.sub(lambda match: self.names.setdefault(match[0], f'<id {len(self.names) + 1}>'), text)
        return DATE.sub('<date>', text)


def openstack(arguments):
    """Runs the command openstack in a process of its own. Returns its exit code, and its output and complaints."""
    with tempfile.TemporaryFile('w+') as output, tempfile.TemporaryFile('w+') as complaints:
        child = os.fork()
        if child == 0:
            code = 70
            try:
                os.dup2(output.fileno(), 1)
                os.dup2(complaints.fileno(), 2)
                code = openstackclient.shell.main(arguments)
            except SystemExit as ended:
                code = ended.code
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code or 0)
        code = waited(child)
        texts = []
        for file in output, complaints:
            file.seek(0)
            texts.append(file.read())
        return code, *texts


def waited(child):
    """Waits until a process ends, and returns its exit code."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return 'no end'


def worded(complaints):
    """Complaints without the server's own words."""
    return ERROR.sub(r'\1\n', complaints)


def laid_out(text):
    """The lines of a text; JSON is written in few of them."""
    try:
        return lines_of(json.loads(text))
    except ValueError:
        return text.splitlines()


def steady_text(text):
    """JSON without values that depend on the time or the server's release, sorted; other text unchanged."""
    try:
        return json.dumps(steady(json.loads(text)), ensure_ascii=False)
    except ValueError:
        return text


def steady(value):
    if isinstance(value, list):
        return [steady(element) for element in value]
    if isinstance(value, dict):
        return {key: steady_field(key, value[key]) for key in sorted(value)}
    return value


def steady_field(key, value):
    if key in NUMBERS and isinstance(value, (int, float)):
        return '<number>'
    if key == 'Capabilities' and isinstance(value, list):  # Zaqar 15 returns numbers, Zaqar 23 names
        return '<capabilities>'
    if key == 'rel/subscriptions_post':  # real servers name a variable there that its template has not
        return '<differs>'
    return steady(value)


def lines_of(value):
    """JSON, broken into lines where it would be too long for one."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) <= WIDTH or not isinstance(value, (dict, list)):
        return [line]
    pairs = value.items() if isinstance(value, dict) else ((None, element) for element in value)
    brackets = '{}' if isinstance(value, dict) else '[]'
    lines = []
    for key, element in pairs:
        first, *rest = lines_of(element)
        lines += ['  ' + ('' if key is None else json.dumps(key) + ': ') + first, *('  ' + line for line in rest)]
        lines[-1] += ','
    lines[-1] = lines[-1].removesuffix(',')
    return [brackets[0], *lines, brackets[1]]


def replay(file, mode):
    """Returns how many commands went well, and how many did not."""
    transcript = Transcript(file)
    count = {'ok': 0, 'FAILED': 0}
    written = transcript.head
    for line, body in transcript.steps:
        # Behind an empty line are remarks on the next command.
        end = body.index('') if '' in body else len(body)
        real, kept = body[:end], body[end:]
        serve = real
        if other := [at for at, text in enumerate(real) if text.startswith('~ ')]:
            serve, kept, real = real[other[0] + 1:], real[other[0]:] + kept, real[:other[0]]
        printed = transcript.run(line)
        written += [line, *printed, *kept]
        expected = {'real': real, 'serve': serve, 'record': printed}[mode]
        result = 'ok' if printed == expected else 'FAILED'
        count[result] += 1
        print(f'  {result:<6} {line[2:]}', flush=True)
        if result == 'FAILED':
            print('\n'.join(['    expected', *('      ' + line for line in expected),
                             '    printed', *('      ' + line for line in printed)]), flush=True)
    if mode == 'record':
        transcript.file.write_text('\n'.join(written) + '\n')
    return count


def main(mode, *files):
    failed = 0
    for file in files:
        print(f'{pathlib.Path(file).name} at {os.environ.get("OS_ENDPOINT") or os.environ["OS_AUTH_URL"]}', flush=True)
        count = replay(file, mode)
        print(f'  {count["ok"]} ok, {count["FAILED"]} failed')
        failed += count['FAILED']
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
