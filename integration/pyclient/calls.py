"""The usual calls of python-zaqarclient: calls.py URL VERSION PROJECT [admin].

"admin" says that the caller is an administrator. If OS_AUTH_URL, OS_USERNAME and OS_PASSWORD are set, it signs in to Keystone;
otherwise it sends the project itself. Prints a line for each call. Exits with 1 if a call fails that is not in KNOWN, or if a
call in KNOWN succeeds.
"""

import importlib.metadata
import itertools
import os
import sys
import uuid

from zaqarclient.queues import client as zaqar
from zaqarclient.transport import errors

ALL, BEFORE_2 = (1, 1.1, 2), (1, 1.1)

# Faults of the Python client with any server: (API version, call) -> (text of the failure, reason).
KNOWN = {
    (2, "queue_exists_not"): ("is reported to exist", "it asks by a GET, which v2 answers 200 for a queue that does not exist"),
}


class Calls:
    """One run with one version: the calls in order, and their shared state."""

    def __init__(self, url, version, project, admin):
        self.url, self.version, self.admin = url, version, admin
        self.signs_in = "OS_AUTH_URL" in os.environ
        options = {"os_project_id": project}
        if self.signs_in:
            options = {
                "os_auth_url": os.environ["OS_AUTH_URL"],
                "os_username": os.environ["OS_USERNAME"],
                "os_password": os.environ["OS_PASSWORD"],
                "os_project_name": project,
                "os_user_domain_name": "Default",
                "os_project_domain_name": "Default",
            }
        self.auth = {"backend": "keystone" if self.signs_in else "noauth", "options": options}
        self.me, self.other = self.connect(), self.connect()
        self.name = "py-" + uuid.uuid4().hex

    def connect(self):
        """Returns a client; each has a Client-ID of its own."""
        return zaqar.Client(self.url, version=self.version, conf={"auth_opts": self.auth})

    def queue_of(self, client):
        return client.queue(self.name, auto_create=False)

    # The service.

    def ping(self):
        assert self.me.ping() is True

    def health(self):
        if self.version < 2:
            assert self.me.health() is True
        elif self.admin:
            assert self.me.health()["storage_reachable"] is True
        else:
            refused(errors.ForbiddenError, self.me.health)

    def homedoc(self):
        assert "rel/queues" in self.me.homedoc()["resources"]

    # Queues.

    def queue_create(self):
        self.queue = self.me.queue(self.name, force_create=True)

    def queue_create_again(self):
        self.me.queue(self.name, force_create=True)

    def queue_exists(self):
        assert self.queue.exists() is True

    def queue_exists_not(self):
        absent = self.me.queue("py-" + uuid.uuid4().hex, auto_create=False)
        assert absent.exists() is False, f"{absent.name} is reported to exist"

    def queues(self):
        assert self.name in names(self.me.queues())

    def queues_detailed(self):
        assert self.name in names(self.me.queues(detailed=True, limit=5))

    def queues_with_count(self):
        listed, count = self.me.queues(with_count=True)
        assert self.name in names(listed) and count >= 1, count

    def metadata_set(self):
        self.queue.metadata(new_meta={"colour": "red", "size": 3})

    def metadata_get(self):
        found = self.queue.metadata(force_reload=True)
        if self.version == 1.1:  # it cannot be set there
            assert isinstance(found, dict)
        else:
            assert (found["colour"], found["size"]) == ("red", 3), found

    def metadata_replace(self):
        # The Python client removes what is not named; Zaqar's own keys fall back to their defaults.
        self.queue.metadata(new_meta={"colour": "blue"})
        found = self.queue.metadata(force_reload=True)
        assert found["colour"] == "blue" and "size" not in found, found

    def stats(self):
        assert self.queue.stats["messages"]["free"] == 3, self.queue.stats

    def purge(self):
        self.queue.post({"body": 1, "ttl": 300})
        self.queue.purge(resource_types=["messages"])
        assert bodies(self.queue.messages(echo=True)) == []

    def queue_delete(self):
        self.queue.delete()
        assert self.name not in names(self.me.queues())

    def queue_delete_again(self):
        self.queue.delete()

    # Messages.

    def post(self):
        made = self.queue.post([{"body": {"n": n}, "ttl": 300} for n in range(3)])
        self.ids = [href.split("/")[-1] for href in made["resources"]]
        assert len(self.ids) == 3

    def post_one(self):
        made = self.queue_of(self.other).post({"body": "text", "ttl": 300})
        assert len(made["resources"]) == 1

    def post_too_much(self):
        refused(errors.MalformedRequest, lambda: self.queue.post({"body": "x" * 300000, "ttl": 300}))

    def messages(self):
        assert bodies(self.queue_of(self.other).messages()) == [{"n": 0}, {"n": 1}, {"n": 2}]

    def messages_without_echo(self):
        assert bodies(self.queue.messages(echo=False)) == []

    def messages_in_pages(self):
        assert bodies(streamed(self.queue.messages(echo=True, limit=2))) == [{"n": 0}, {"n": 1}, {"n": 2}]

    def message(self):
        found = self.queue.message(self.ids[0])
        assert found.body == {"n": 0} and found.ttl == 300, found

    def message_not_there(self):
        refused(errors.ResourceNotFound, lambda: self.queue.message(str(uuid.uuid4())))

    def messages_by_ids(self):
        assert sorted(body["n"] for body in bodies(self.queue.messages(*self.ids[:2]))) == [0, 1]

    def message_delete(self):
        self.queue.message(self.ids[0]).delete()
        refused(errors.ResourceNotFound, lambda: self.queue.message(self.ids[0]))

    def delete_messages(self):
        self.queue.delete_messages(*self.ids[1:])
        assert bodies(self.queue.messages(echo=True)) == []

    def pop(self):
        self.queue.post([{"body": n, "ttl": 300} for n in range(3)])
        assert bodies(self.queue.pop(count=2)) == [0, 1]
        assert bodies(self.queue.messages(echo=True)) == [2]
        assert bodies(self.queue.pop()) == [2]

    # Claims.

    def claim_nothing(self):
        assert list(self.queue.claim(ttl=100, grace=60)) == []

    def claim(self):
        self.queue.post([{"body": n, "ttl": 300} for n in range(3)])
        self.held = self.queue.claim(ttl=100, grace=60, limit=2)
        self.claimed = list(self.held)
        assert [m.body for m in self.claimed] == [0, 1]
        assert all(m.claim_id == self.held.id for m in self.claimed)

    def claim_get(self):
        found = self.queue.claim(id=self.held.id)
        assert [m.body for m in found] == [0, 1] and found.ttl == 100 and found.age >= 0

    def claim_update(self):
        self.held.update(ttl=200, grace=60)
        assert self.queue.claim(id=self.held.id).ttl == 200

    def claim_message_delete(self):
        self.claimed[0].delete()
        assert [m.body for m in self.queue.claim(id=self.held.id)] == [1]

    def claimed_messages(self):
        assert bodies(self.queue.messages(echo=True)) == [2]

    def claim_release(self):
        self.held.delete()
        assert bodies(self.queue.messages(echo=True)) == [1, 2]

    def claim_released(self):
        refused(errors.ResourceNotFound, lambda: self.queue.claim(id=self.held.id).age)


# The calls in their order, with the versions that have them in the Python client.
ORDER = [
    (Calls.ping, (2,)),
    (Calls.health, ALL),
    (Calls.homedoc, (2,)),
    (Calls.queue_create, ALL),
    (Calls.queue_create_again, ALL),
    (Calls.queue_exists, (1, 2)),
    (Calls.queue_exists_not, (1, 2)),
    (Calls.queues, ALL),
    (Calls.queues_detailed, ALL),
    (Calls.queues_with_count, (2,)),
    (Calls.metadata_set, (1, 2)),
    (Calls.metadata_get, ALL),
    (Calls.metadata_replace, (1, 2)),
    (Calls.post, ALL),
    (Calls.stats, ALL),
    (Calls.messages, ALL),
    (Calls.messages_without_echo, ALL),
    (Calls.messages_in_pages, ALL),
    (Calls.message, ALL),
    (Calls.message_not_there, ALL),
    (Calls.messages_by_ids, ALL),
    (Calls.post_too_much, ALL),
    (Calls.message_delete, ALL),
    (Calls.delete_messages, ALL),
    (Calls.pop, (1.1, 2)),
    (Calls.claim_nothing, ALL),
    (Calls.claim, ALL),
    (Calls.claim_get, ALL),
    (Calls.claim_update, ALL),
    (Calls.claim_message_delete, ALL),
    (Calls.claimed_messages, ALL),
    (Calls.claim_release, ALL),
    (Calls.claim_released, ALL),
    (Calls.post_one, ALL),
    (Calls.purge, (2,)),
    (Calls.queue_delete, ALL),
    (Calls.queue_delete_again, ALL),
]


def names(listed):
    """The names of listed queues, of which v2 returns a pair."""
    if isinstance(listed, tuple):
        listed = listed[0]
    return [queue.name for queue in streamed(listed)]


def streamed(listed):
    """Follows the pages, not for ever: servers on Redis give the first page again and again while it has one item (quirk 1),
    and the Python client goes round with them."""
    return itertools.islice(listed.stream(), 100)


def bodies(messages):
    return [message.body for message in messages]


def refused(error, call):
    try:
        call()
    except error:
        return
    raise AssertionError(f"no {error.__name__}")


def attempt(call):
    """Returns what went wrong, "" when nothing did."""
    try:
        call()
    except Exception as failure:  # whatever it is, it is this call's
        text = " ".join(f"{type(failure).__name__}: {failure}".split())
        return text[:300] or type(failure).__name__
    return ""


def main(url, version, project, role=""):
    version = float(version) if "." in version else int(version)
    calls = Calls(url, version, project, role == "admin")
    packages = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("python-zaqarclient", "keystoneauth1", "requests"))
    print(f"v{version} at {url}, {'Keystone' if calls.signs_in else 'no authentication'}: {packages}, Python {sys.version.split()[0]}")
    count = {"ok": 0, "FAILED": 0, "known": 0}
    for call, versions in ORDER:
        if version not in versions:
            continue
        name = call.__name__
        failure = attempt(lambda: call(calls))
        expected, reason = KNOWN.get((version, name), ("", ""))
        if expected and expected in failure:
            result, note = "known", reason
        elif expected and not failure:
            result, note = "FAILED", f"it works, and is listed as known: {reason}"
        else:
            result, note = ("FAILED" if failure else "ok"), failure
        count[result] += 1
        print(f"  {result:<6} {name:<22} {note}".rstrip())
    print(f"  {count['ok']} ok, {count['FAILED']} failed, {count['known']} known faults of the Python client")
    return 1 if count["FAILED"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
