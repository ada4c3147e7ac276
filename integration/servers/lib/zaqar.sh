# The Zaqar servers: one for each row of the table in settings.sh.

# Calls a function with each row's columns, split.
each_zaqar() {
  local name rest
  while read -r name rest <&7; do
    # shellcheck disable=SC2086 # the columns are to be split
    [ -z "$name" ] || "$1" "$name" $rest
  done 7<<<"$zaqar_servers"
}

# Zaqar gives Redis a tenth of a second by default, which a busy machine exceeds: a 503.
redis_uri() { # memory|durable dbid
  local port=$redis_port
  [ "$1" != durable ] || port=$redis_durable_port
  echo "redis://127.0.0.1:$port?dbid=$2&socket_timeout=10"
}

# Lines of the section drivers, and sections of the drivers.
store_conf() { # store data
  local kind
  if [ "$1" = ferretdb ]; then
    printf '%s_store = mongodb\n' message management
    for kind in management message; do
      printf '[drivers:%s_store:mongodb]\nuri = %s\ndatabase = %s\n' "$kind" "$(ferretdb_uri)" "$2"
    done
    # FerretDB reads whole collections whatever it looks for: the smaller, the faster.
    echo 'partitions = 16'
  else
    printf '%s_store = redis\n' message management
    printf '[drivers:message_store:redis]\nuri = %s\n' "$(redis_uri "$1" "${2%,*}")"
    printf '[drivers:management_store:redis]\nuri = %s\n' "$(redis_uri "$1" "${2#*,}")"
  fi
}

zaqar_conf() { # home serves auth port store data options...
  local home=$1 serves=$2 auth=$3 port=$4 store=$5 data=$6 option
  shift 6
  [ "$auth" != none ] || auth=
  [ "$serves" = websocket ] || serves=wsgi
  cat <<EOF
[DEFAULT]
auth_strategy = $auth
admin_mode = True
pooling = False
unreliable = True
enable_checksum = True
# The profiler is off, yet complains with a traceback that it lacks a library.
default_log_levels = osprofiler=CRITICAL
[drivers]
transport = $serves
$(store_conf "$store" "$data")
[drivers:transport:wsgi]
bind = 127.0.0.1
port = $port
[drivers:transport:websocket]
bind = 127.0.0.1
port = $port
# Both must be set: without a bind it listens on the host's name, and with a random port no subscription survives a restart.
notification_bind = 127.0.0.1
notification_port = $((port + 50))
[signed_url]
secret_key = $signed_url_key
[storage]
# Pushes to webhooks and WebSockets need this stage.
message_pipeline = zaqar.notification.notifier
[notification]
require_confirmation = False
[oslo_policy]
# Silences the search for policy files that nobody has.
policy_file = policy.yaml
EOF
  [ -z "$auth" ] || cat <<EOF
[keystone_authtoken]
www_authenticate_uri = $keystone_url
auth_url = $keystone_url
auth_type = password
username = zaqar
password = $zaqar_password
project_name = service
user_domain_id = default
project_domain_id = default
service_token_roles_required = true
EOF
  # A section may come twice, and the last value of an option wins.
  for option; do
    option=${option//"{home}"/$home}
    printf '[%s]\n%s = %s\n' "${option%%.*}" "$(cut -d= -f1 <<<"${option#*.}")" "${option#*=}"
  done
}

# Content with a server that a request gets through, down to its storage (or up to the demand for a token).
zaqar_http_answers() {
  local head='Host: 127.0.0.1\r\nClient-ID: 00000000-0000-4000-8000-000000000000\r\nX-Project-Id: probe\r\nConnection: close'
  [[ $(first_line "$zaqar_port" "GET /v2/ping HTTP/1.1\r\n$head\r\n\r\n") == "HTTP/1."?" $zaqar_status "* ]]
}

zaqar_websocket_answers() { listening "$zaqar_port"; }
zaqar_uwsgi_answers() { listening "$zaqar_port"; }

# Sets what the probes look for.
expect_zaqar() { # port auth
  zaqar_port=$1 zaqar_status=204
  [ "$2" != keystone ] || zaqar_status=401
}

start_zaqar() { # name version serves auth offset store data workers gc options...
  local name=$1 version=$2 serves=$3 auth=$4 port=$((port_base + $5)) store=$6 data=$7 workers=$8 gc=$9 venv
  shift 9
  local home=$state/home/$name
  local conf=$home/.zaqar/zaqar.conf
  if [ "$store" = ferretdb ]; then
    venv=$(mongodb_venv_of "zaqar-$version")
  elif [ "$serves" = uwsgi ]; then
    venv=$(uwsgi_venv)
  else
    venv=$(venv_of "zaqar-$version")
  fi
  mkdir -p "$home/.zaqar"
  zaqar_conf "$home" "$serves" "$auth" "$port" "$store" "$data" "$@" >"$conf"
  if uses_sql "$@" && ! running "$name" >/dev/null; then
    # The pools and what is in them go together, and Redis has forgotten the latter.
    "$venv/bin/python" "$here/lib/make_pool_tables.py" "$home/pools.db" || die "cannot make the tables of $name"
  fi

  expect_zaqar "$port" "$auth"
  if [ "$serves" = http ]; then
    # Zaqar's app reads ~/.zaqar/zaqar.conf and the command line: it would fail over options meant for gunicorn, so these
    # are in a file, and HOME (see ensure) is a folder of this server's own.
    gunicorn_conf "$port" "$workers" "zaqar.transport.wsgi.app:app" >"$home/gunicorn.conf.py"
    ensure "$name" "$port" zaqar_http_answers "$conf" "$home/gunicorn.conf.py" -- \
      env "GUNICORN_CMD_ARGS=--config $home/gunicorn.conf.py" "$venv/bin/python" -m gunicorn
  elif [ "$serves" = uwsgi ]; then
    uwsgi_conf "$port" "$workers" >"$home/uwsgi.ini"
    ensure "$name" "$port" zaqar_uwsgi_answers "$conf" "$home/uwsgi.ini" -- \
      "$venv/bin/python" -c 'import pyuwsgi; pyuwsgi.run()' --ini "$home/uwsgi.ini"
  else
    ensure "$name" "$port" zaqar_websocket_answers "$conf" -- \
      "$venv/bin/python" -c 'from zaqar.cmd.server import run; run()' --config-file "$conf"
  fi
  [ "$gc" = - ] || ensure "$name-gc" - true "$conf" "$here/lib/collect_garbage.py" -- \
    "$venv/bin/python" "$here/lib/collect_garbage.py" "$conf" "$gc"
}

await_zaqar() { # name version serves auth offset ...
  expect_zaqar "$((port_base + $5))" "$4"
  await "$1" "zaqar_$3_answers"
}

# gunicorn's config file, for Zaqar and Keystone.
gunicorn_conf() { # port workers(processes x threads) app
  cat <<EOF
bind = "127.0.0.1:$1"
workers = ${2%x*}
threads = ${2#*x}
worker_class = "gthread"
wsgi_app = "$3"
keepalive = 75
graceful_timeout = 2
control_socket_disable = True
EOF
}

# uWSGI's, with what DevStack sets.
uwsgi_conf() { # port workers(processes x threads)
  cat <<EOF
[uwsgi]
socket = 127.0.0.1:$1
module = zaqar.transport.wsgi.app:app
processes = ${2%x*}
threads = ${2#*x}
master = true
lazy-apps = true
thunder-lock = true
die-on-term = true
buffer-size = 65535
disable-logging = true
EOF
}

# The address of the row with this name.
zaqar_url() {
  awk -v name="$1" -v base="$port_base" \
    '$1 == name { print ($3 == "websocket" ? "ws" : $3) "://127.0.0.1:" base + $5 }' <<<"$zaqar_servers"
}

zaqar_endpoint() { # name version serves auth offset store data ...
  [ "$3" != uwsgi ] || return 0 # clients reach it through Apache
  local key=${1//-/_}
  key=ZAQAR_REAL_${key^^}
  echo "${key}_URL=$(zaqar_url "$1")"
  has_pooling "$@" || return 0
  # In quotes: the file is also read by shells.
  if [ "$6" = ferretdb ]; then
    echo "${key}_POOL1_URI='$(ferretdb_uri)?socketTimeoutMS=2'" # and more digits
    return
  fi
  echo "${key}_POOL1_URI='$(redis_uri "$6" "${7%,*}")'"
  echo "${key}_POOL2_URI='$(redis_uri "$6" "${7#*,}")'"
}

has_pooling() { [[ " $* " == *" DEFAULT.pooling=True "* ]]; }
uses_sql() { [[ " $* " == *" drivers.management_store=sqlalchemy "* ]]; }
