"""Collects a Zaqar's garbage, again and again: collect_garbage.py CONFIG SECONDS.

In Redis, expired messages and claims leave traces that make Zaqar answer 503, and nothing in a Zaqar server clears them
away. Zaqar's own zaqar-gc cannot take this part: it runs once, and on a server without pools it asks the storage
pipeline, whose collector does nothing. So this asks the Redis driver behind the pipeline.

MongoDB removes expired messages and subscriptions itself, by an index that FerretDB does not have. So they are removed
here, from all databases of that FerretDB.
"""
import datetime
import sys
import time

from oslo_config import cfg
from oslo_log import log
from zaqar import bootstrap


def collector(conf):
    """Returns what is to be called to collect."""
    boot = bootstrap.Bootstrap(conf)
    if conf.drivers.message_store == 'mongodb':
        import pymongo
        client = pymongo.MongoClient(conf['drivers:message_store:mongodb'].uri)

        def collect():
            now = datetime.datetime.now(datetime.UTC)
            for name in client.list_database_names():
                for kind in 'messages', 'subscriptions':
                    if f'_{kind}' in name:
                        client[name][kind].delete_many({'e': {'$lte': now}})
        return collect
    storage = boot.storage
    return getattr(storage, '_storage', storage).gc


config_file, seconds = sys.argv[1], float(sys.argv[2])
log.register_options(cfg.CONF)
cfg.CONF(project='zaqar', prog='zaqar-gc', args=['--config-file', config_file])
log.setup(cfg.CONF, 'zaqar')

collect = collector(cfg.CONF)
due = time.monotonic()
while True:
    try:
        collect()
    except Exception:
        # The store may be gone for a moment, and comes back.
        log.getLogger(__name__).exception('garbage collection failed')
    # On a timetable: a busy machine collects slowly.
    now = time.monotonic()
    due = max(due + seconds, now)
    time.sleep(due - now)
