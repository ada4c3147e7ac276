"""The side of python-zaqarclient: peer.py TASK URL QUEUE N. Prints a report as JSON."""

import json
import resource
import sys
import time

from zaqarclient.queues import client as zaqar

task, url, name, n = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
text = "All work and no play. " * 8


def batches(size):
    for start in range(0, n, size):
        yield [{"ttl": 3600, "body": {"n": i, "text": text}} for i in range(start, min(start + size, n))]


def post(queue, size):
    for batch in batches(size):
        queue.post(batch)
    return n


def claim(queue, size):
    done = 0
    while done < n:
        claimed = list(queue.claim(ttl=300, grace=60, limit=size))
        if not claimed:
            sys.exit("the queue is empty after %d messages" % done)
        for message in claimed:
            assert message.body["text"] == text
            message.delete()
            done += 1
    return done


auth = {"backend": "noauth", "options": {"os_project_id": "bench"}}
client = zaqar.Client(url, version=2, conf={"auth_opts": auth})
queue = client.queue(name, auto_create=False)
work = {
    "post": lambda: post(queue, 1),
    "post-20": lambda: post(queue, 20),
    "claim-20-delete": lambda: claim(queue, 20),
    "consume-20": lambda: claim(queue, 20),
}[task]

before = resource.getrusage(resource.RUSAGE_SELF)
start = time.monotonic()
ops = work()
wall = time.monotonic() - start
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"ops": ops, "wall": wall, "cpu": cpu, "rss": after.ru_maxrss / 1024}))
