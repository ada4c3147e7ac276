# Where things live, who listens where, and the table of Zaqar servers.
# Sourced by up and down; sets variables only.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${ZAQAR_REAL_DIR:-$(cd "$here/../.." && pwd)/.real}
cache=${ZAQAR_REAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/zaqar-real}

# Ports are this base plus an offset. It stays below 32768, where Linux starts handing out ports of its own.
port_base=${ZAQAR_REAL_PORT_BASE:-18800}
redis_port=$((port_base + 0))
keystone_port=$((port_base + 1))
keystone_short_port=$((port_base + 2))

# One row per Zaqar process; another server is another row. The columns:
#   name     also names its log, its pid file and its key: z23-keystone gives ZAQAR_REAL_Z23_KEYSTONE_URL
#   version  15 or 23: requirements/zaqar-<version>.txt
#   serves   http (behind gunicorn) or websocket
#   auth     none or keystone
#   port     offset from the port base
#   dbids    Redis databases of messages and of management data. Rows with the same pair share their queues.
#   workers  http: processes x threads. websocket: -
#   gc       seconds between garbage collections, - for none (rows that share data need only one collector)
#   options  any number of section.option=value, on top of the config that all servers share (see zaqar.sh).
#            They have no spaces, and {state} stands for the state folder.
zaqar_servers='
z23                     23  http       none      10  0,1  2x8  5
z23-keystone            23  http       keystone  11  2,3  2x8  5
z23-claimdelete         23  http       none      12  4,5  1x4  5  transport.message_delete_with_claim_id=True
z15                     15  http       none      13  6,7  1x8  5  DEFAULT.enable_deprecated_api_versions=1,1.1
z23-websocket           23  websocket  none      20  0,1  -    -
z23-keystone-websocket  23  websocket  keystone  21  2,3  -    -
'
# What Keystone's catalogue says: the rows of its `messaging` and `messaging-websocket` services.
catalogue_row=z23-keystone
catalogue_websocket_row=z23-keystone-websocket

# Secrets for tests, on loopback only.
admin_password=admin-secret
demo_password=demo-secret
zaqar_password=zaqar-secret
appcred_name=zaqar-real
appcred_secret=application-credential-secret
signed_url_key=signed-url-secret-of-the-real-servers

region=RegionOne
keystone_url=http://127.0.0.1:$keystone_port/v3
keystone_short_url=http://127.0.0.1:$keystone_short_port/v3
