"""Compares zaqar with the openstack command: parity.py ZAQAR FILE...

Runs the commands of transcripts, which replay.py describes, twice: as `openstack messaging …` on one queue, and as `zaqar …` on
another, in the same state. Each command that prints rows or fields is run with -f json, and everything again with -f value.
Prints a table: equal, better (theirs is broken) or different, with the reason. A difference without a reason in this file is
a failure.
"""
import os
import re
import shlex
import subprocess
import sys

import replay

BROKEN = 'theirs is broken'
MORE = 'ours prints what theirs leaves out'
EXITS = 'our exit codes and error texts say more'
QUIRK = 'ours asks in a way that servers on Redis can answer'
PYTHON = 'a list or a map is JSON, not Python'

# The beginning of a command, the formats in which it differs, and the verdict with its reason. The first that fits counts.
REASONS = [
    ('claim query', 'better', f'{BROKEN}: the column of message ids is empty'),
    ('claim renew', 'better', f'{BROKEN}: the column of message ids is empty'),
    ('subscription update', 'better', f'{BROKEN}: prints nothing, and removes options that are not given'),
    ('flavor update', 'better', f'{BROKEN}: fails with --capabilities; ours says that they have no effect'),
    ('subscription list', 'better', 'the options are still there: "subscription update" of theirs had removed them'),
    ('subscription show', 'better', 'the options are still there: "subscription update" of theirs had removed them'),
    ('pool show', 'better', f'{MORE}: the options'),
    ('pool update', 'better', f'{MORE}: the options'),
    ('flavor create', 'better', f'{MORE}: the capabilities'),
    ('message list --include-claimed', 'better', QUIRK),
    ('subscription create', 'different', 'exit code 5: the subscription exists with another TTL, and the server changed nothing'),
]


def zaqar(program):
    environment, where = dict(os.environ), []
    if 'PARITY_USER' in environment:  # theirs has a token and an address; ours signs in
        where = ['--endpoint', environment.pop('OS_ENDPOINT')]
        environment |= {
            'OS_AUTH_TYPE': 'password', 'OS_AUTH_URL': environment['PARITY_AUTH_URL'], 'OS_USERNAME': environment['PARITY_USER'],
            'OS_PASSWORD': environment['PARITY_PASSWORD'], 'OS_PROJECT_NAME': environment['PARITY_PROJECT'],
            'OS_USER_DOMAIN_NAME': 'Default', 'OS_PROJECT_DOMAIN_NAME': 'Default',
        }
        del environment['OS_TOKEN']

    def run(arguments):
        """Runs zaqar. Returns its exit code, and its output and complaints."""
        done = subprocess.run([program, *where, *arguments[1:]], env=environment, capture_output=True, text=True, timeout=replay.PATIENCE, check=False)
        # Only the output counts: errors name requests, and --with_count tells the number beside the output.
        return done.returncode, done.stdout, ''

    return run


def steps(file, command, queue, form):
    """Runs a transcript. Returns the command lines and what each printed."""
    os.environ['QUEUE'] = queue
    replay.openstack = command
    transcript = replay.Transcript(file)
    transcript.variables = {}
    for line, _ in transcript.steps:
        if form == 'value':
            line = line.replace('-f json', '-f value')
        yield line, outcome(transcript, line)


def outcome(transcript, line):
    printed = transcript.run(line)
    code = int(printed[-1].strip('[]')) if printed and re.fullmatch(r'\[\d+\]', printed[-1]) else 0
    # The texts of errors differ; that there is one does not.
    return (f'exit code {code}',) if code else tuple(printed)


def words(lines):
    """The words in lines, without what Python and JSON write in different ways: quotes, the order of keys, None and null. Small
    numbers are left out, since ages differ."""
    names = {'None': 'null', 'True': 'true', 'False': 'false'}
    found = re.findall(r"[^\s\[\]{},:'\"]+", '\n'.join(lines))
    return sorted(names.get(word, word) for word in found if not (word.isdigit() and int(word) < 100 or word == '<number>'))


def compared(line, theirs, ours, form):
    if theirs == ours:
        return 'equal', ''
    both_failed = all(len(x) == 1 and x[0].startswith('exit code ') for x in (theirs, ours))
    if both_failed:
        return 'different', f'{EXITS}: {ours[0].split()[-1]} instead of {theirs[0].split()[-1]}'
    if ' -f value' in line:
        form = 'value'
    if form == 'value' and aged(theirs, ours):
        return 'equal', ''
    if form == 'value' and words(theirs) == words(ours):
        return 'different', PYTHON
    command = line[2:]
    for beginning, verdict, reason in REASONS:
        first, *rest = beginning.split(' --')
        if command.startswith(first) and all(f'--{option}' in command for option in rest):
            return verdict, reason
    return 'UNEXPLAINED', ''


def aged(theirs, ours):
    """Whether two outputs are equal, but for ages: numbers that differ by less than a minute."""
    def same(a, b):
        return a == b or a.isdigit() and b.isdigit() and abs(int(a) - int(b)) < 60

    split = [[line.split() for line in lines] for lines in (theirs, ours)]
    return [len(line) for line in split[0]] == [len(line) for line in split[1]] and all(
        same(a, b) for one, other in zip(*split, strict=True) for a, b in zip(one, other, strict=True))


def main(program, *files):
    real = replay.openstack
    failed, count = 0, {}
    for file in files:
        print(f'\n{os.path.basename(file)}\n\n| command | format | result | reason |\n|---|---|---|---|', flush=True)
        for form in 'json', 'value':
            queue = f'parity-{os.getpid()}-{form}'
            both = zip(steps_of(file, real, f'{queue}-t', form), steps_of(file, zaqar(program), f'{queue}-o', form), strict=True)
            for (line, theirs), (_, ours) in both:
                line = line.replace('-f json', f'-f {form}')
                verdict, reason = compared(line, theirs, ours, form)
                count[verdict] = count.get(verdict, 0) + 1
                print(f'| `{shlex.join(shlex.split(line[2:]))[:90]}` | {form} | {verdict} | {reason} |', flush=True)
                if verdict == 'UNEXPLAINED':
                    failed += 1
                    print('\n'.join(['theirs', *theirs, 'ours', *ours]), flush=True)
    print('\n' + ', '.join(f'{number} {verdict}' for verdict, number in sorted(count.items())))
    return 1 if failed else 0


def steps_of(file, command, queue, form):
    return list(steps(file, command, queue, form))


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
