"""Collects a Zaqar's garbage in its Redis databases, again and again: collect_garbage.py CONFIG SECONDS.

Expired messages and claims leave traces in Redis that make Zaqar answer 503, and nothing in a Zaqar server clears them
away. Zaqar's own zaqar-gc cannot take this part: it runs once, and on a server without pools it asks the storage
pipeline, whose collector does nothing. So this asks the Redis driver behind the pipeline.
"""
import sys
import time

from oslo_config import cfg
from oslo_log import log
from zaqar import bootstrap

config_file, seconds = sys.argv[1], float(sys.argv[2])
log.register_options(cfg.CONF)
cfg.CONF(project='zaqar', prog='zaqar-gc', args=['--config-file', config_file])
log.setup(cfg.CONF, 'zaqar')

storage = bootstrap.Bootstrap(cfg.CONF).storage
storage = getattr(storage, '_storage', storage)
while True:
    try:
        storage.gc()
    except Exception:
        # Redis may be gone for a moment, and comes back.
        log.getLogger(__name__).exception('garbage collection failed')
    time.sleep(seconds)
