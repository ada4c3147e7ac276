# Where things live, who listens where, and the table of Zaqar servers.
# Sourced by up and down; sets variables only.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${ZAQAR_REAL_DIR:-$(cd "$here/../.." && pwd)/.real}
cache=${ZAQAR_REAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zaqar-real}

# Ports are this base plus an offset. It stays below 32768, where Linux starts handing out ports of its own.
port_base=${ZAQAR_REAL_PORT_BASE:-18800}
redis_port=$((port_base + 0))
redis_durable_port=$((port_base + 3))
keystone_port=$((port_base + 1))
keystone_short_port=$((port_base + 2))
ferretdb_port=$((port_base + 4))

# One row per Zaqar process; another server is another row. The columns:
#   name     also names its log, its pid file and its key: z23-keystone gives ZAQAR_REAL_Z23_KEYSTONE_URL
#   version  15 or 23: requirements/zaqar-<version>.txt
#   serves   http (behind gunicorn), uwsgi (in uWSGI, behind Apache) or websocket
#   auth     none or keystone
#   port     offset from the port base
#   store    memory or durable: which Redis has its databases (see redis.sh). ferretdb: MongoDB's driver (see ferretdb.sh)
#   data     redis: databases of messages and of management data; where there is pooling, those of its first two pools.
#            ferretdb: what the names of its databases begin with. Rows with the same data share their queues.
#   workers  http and uwsgi: processes x threads. websocket: -
#   gc       seconds between garbage collections, - for none (rows that share data need only one collector). One collector
#            is enough for FerretDB, once a minute, as MongoDB removes what has expired.
#   options  any number of section.option=value, on top of the config that all servers share (see zaqar.sh).
#            They have no spaces, and {home} stands for the folder of the server.
versions_1=DEFAULT.enable_deprecated_api_versions=1,1.1
pooling="DEFAULT.pooling=True drivers.management_store=sqlalchemy drivers:management_store:sqlalchemy.uri=sqlite:///{home}/pools.db"
# Pools may be in MongoDB, too.
mongodb_pooling=DEFAULT.pooling=True
zaqar_servers="
z23                     23  http       none      10  memory   0,1    2x8  5
z23-keystone            23  http       keystone  11  memory   2,3    2x8  5
z23-claimdelete         23  http       none      12  memory   4,5    1x4  5  transport.message_delete_with_claim_id=True
z23-confirm             23  http       none      14  memory   8,9    1x8  -  notification.require_confirmation=True
z23-durable             23  http       none      15  durable  0,1    1x8  -
z23-pooling             23  http       none      18  memory   14,15  1x4  -  $pooling
z15                     15  http       none      13  memory   6,7    1x8  5  $versions_1
z15-confirm             15  http       none      19  durable  2,3    1x4  -  $versions_1 notification.require_confirmation=True
z15-pooling             15  http       none      16  memory   10,11  1x8  5  $versions_1 $pooling
z15-pooling-keystone    15  http       keystone  17  memory   12,13  1x4  -  $versions_1 $pooling
z23-websocket           23  websocket  none      20  memory   0,1    -    -
z23-keystone-websocket  23  websocket  keystone  21  memory   2,3    -    -
z23-durable-websocket   23  websocket  none      22  durable  0,1    -    -
z23-mongodb             23  http       none      23  ferretdb plain  1x8  60
z23-mongodb-keystone    23  http       keystone  24  ferretdb keyed  1x8  -
z23-mongodb-confirm     23  http       none      25  ferretdb asks   1x4  -  notification.require_confirmation=True
z23-mongodb-pooling     23  http       none      26  ferretdb pools  1x4  -  $mongodb_pooling
z23-mongodb-durable     23  http       none      27  ferretdb kept   1x8  -
z15-mongodb             15  http       none      28  ferretdb old    1x8  -  $versions_1
z15-mongodb-confirm     15  http       none      31  ferretdb old2   1x4  -  $versions_1 notification.require_confirmation=True
z15-mongodb-pooling     15  http       none      29  ferretdb older  1x4  -  $versions_1 $pooling
z23-mongodb-websocket   23  websocket  none      30  ferretdb plain  -    -
z23-uwsgi               23  uwsgi      none      32  memory   0,1    2x8  -
"
# What nginx and HAProxy stand before (see proxies.sh). The columns: the name of the pair, nginx's offset from the port base
# (HAProxy's is two more), the row behind /messaging and the row behind /messaging-websocket.
proxied="
z23           35  z23           z23-websocket
z23-keystone  36  z23-keystone  z23-keystone-websocket
"
# The offset of Apache's port, and what it stands before (see apache.sh).
apache_offset=39
apache_row=z23-uwsgi

# What Keystone's catalogue says: the rows of its `messaging` and `messaging-websocket` services.
catalogue_row=z23-keystone
catalogue_websocket_row=z23-keystone-websocket

# Secrets for tests, on loopback only.
admin_password=admin-secret
demo_password=demo-secret
zaqar_password=zaqar-secret
appcred_name=zaqar-real
appcred_secret=application-credential-secret
# The key of the test vector.
signed_url_key=SOMELONGSECRET

region=RegionOne
keystone_url=http://127.0.0.1:$keystone_port/v3
keystone_short_url=http://127.0.0.1:$keystone_short_port/v3
