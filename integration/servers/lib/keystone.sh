# Keystone, twice: one process gives tokens of an hour, the other (the "short" one) tokens of 15 seconds. Both have the
# same database, keys and catalogue, so either accepts the other's tokens. Each has a cache of its own, in memory: a token
# that is revoked at one may be good at the other for a while.

keystone_conf() {
  cat <<EOF
[token]
provider = fernet
expiration = 3600
allow_expired_window = 0
[database]
connection = sqlite:///$keystone_dir/keystone.db
[fernet_tokens]
key_repository = $keystone_dir/fernet-keys
[fernet_receipts]
key_repository = $keystone_dir/fernet-keys
[credential]
key_repository = $keystone_dir/credential-keys
[cache]
# Without it, every check of a token takes over a second. In memory, so it works only in a single process with threads.
enabled = true
backend = dogpile.cache.memory
[identity]
# The fewest there are: the default takes a quarter of a second for each password.
password_hash_rounds = 4
# What bcrypt can take. With the default of 4096, Keystone logs a warning for each password.
max_password_length = 72
[oslo_messaging_notifications]
driver = noop
EOF
}

keystone_manage() { # arguments...
  local log=$state/logs/keystone-manage.log
  env -i "PATH=$PATH" "HOME=$keystone_dir" LANG=C.UTF-8 \
    "$keystone_venv/bin/keystone-manage" --config-file "$keystone_dir/keystone.conf" "$@" >>"$log" 2>&1 || {
    say "keystone-manage $1 failed. The end of $log:"
    tail -n 20 "$log" >&2
    exit 1
  }
}

# Makes the database, the keys and the admin. Done once, and again when the version or an address changes: all of it may
# be repeated.
prepare_keystone() {
  local stamp=$keystone_dir/prepared wanted="$keystone_venv $keystone_url"
  [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
  say "  preparing Keystone's database"
  stop keystone keystone-short
  keystone_manage db_sync
  # With its default journal, SQLite fails with "database is locked" as soon as two requests write.
  "$keystone_venv/bin/python" -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA journal_mode=WAL")' \
    "$keystone_dir/keystone.db" || die "cannot switch $keystone_dir/keystone.db to WAL"
  local user group
  user=$(id -un) group=$(id -gn)
  keystone_manage fernet_setup --keystone-user "$user" --keystone-group "$group"
  keystone_manage credential_setup --keystone-user "$user" --keystone-group "$group"
  keystone_manage bootstrap --bootstrap-password "$admin_password" --bootstrap-region-id "$region" \
    --bootstrap-public-url "$keystone_url" --bootstrap-internal-url "$keystone_url" --bootstrap-admin-url "$keystone_url"
  echo "$wanted" >"$stamp"
}

keystone_status_ok() { [[ $(first_line "$1" 'GET /v3 HTTP/1.0\r\n\r\n') == HTTP/1.*' 200 '* ]]; }
keystone_answers() { keystone_status_ok "$keystone_port"; }
keystone_short_answers() { keystone_status_ok "$keystone_short_port"; }

start_keystone_process() { # name port probe config-files, separated by ;
  local home=$state/home/$1
  mkdir -p "$home"
  gunicorn_conf "$2" 1x8 keystone.wsgi.api:application >"$home/gunicorn.conf.py"
  ensure "$1" "$2" "$3" "$keystone_dir/keystone.conf" "$keystone_dir/short.conf" "$home/gunicorn.conf.py" -- \
    env "GUNICORN_CMD_ARGS=--config $home/gunicorn.conf.py" "OS_KEYSTONE_CONFIG_FILES=$4" \
    "$keystone_venv/bin/python" -W ignore -m gunicorn
}

start_keystone() {
  keystone_dir=$state/home/keystone
  keystone_venv=$(venv_of keystone)
  mkdir -p "$keystone_dir"
  keystone_conf >"$keystone_dir/keystone.conf"
  printf '[token]\nexpiration = 15\n' >"$keystone_dir/short.conf"
  prepare_keystone
  start_keystone_process keystone "$keystone_port" keystone_answers "$keystone_dir/keystone.conf"
  start_keystone_process keystone-short "$keystone_short_port" keystone_short_answers \
    "$keystone_dir/keystone.conf;$keystone_dir/short.conf"
}

# Fills Keystone, and prints the KEY=value lines about what is in it.
seed_keystone() {
  await keystone keystone_answers
  await keystone-short keystone_short_answers
  say "  filling Keystone's catalogue"
  env KEYSTONE_URL="$keystone_url" KEYSTONE_SHORT_URL="$keystone_short_url" REGION="$region" \
    ADMIN_PASSWORD="$admin_password" DEMO_PASSWORD="$demo_password" \
    ZAQAR_PASSWORD="$zaqar_password" APPCRED_NAME="$appcred_name" APPCRED_SECRET="$appcred_secret" \
    MESSAGING_URL="$(zaqar_url "$catalogue_row")" \
    MESSAGING_WEBSOCKET_URL="$(zaqar_url "$catalogue_websocket_row")" \
    "$keystone_venv/bin/python" "$here/lib/seed_keystone.py" || die "filling Keystone failed"
}
