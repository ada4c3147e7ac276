# FerretDB, which speaks MongoDB's protocol and stores in SQLite: see ../../ferretdb. Its data lasts until down.

ferretdb_uri() { echo "mongodb://127.0.0.1:$ferretdb_port/"; }

ferretdb_source=$here/../ferretdb

ferretdb_program() {
  local sum
  sum=$(cat "$ferretdb_source"/{go.mod,go.sum,*.go} | sha256sum)
  echo "$cache/bin/ferretdb-${sum:0:16}"
}

ferretdb_complete() { [ -x "$(ferretdb_program)" ]; }

make_ferretdb() {
  local program log=$state/logs/install-ferretdb.log
  program=$(ferretdb_program)
  say "  building FerretDB into $program"
  : >"$log"
  mkdir -p "$cache/bin"
  retry "$log" env GOWORK=off GOFLAGS= go -C "$ferretdb_source" build -buildvcs=false \
    -tags ferretdb_no_postgresql -o "$program.new" . && mv "$program.new" "$program"
}

ferretdb_answers() { listening "$ferretdb_port"; }

start_ferretdb() {
  mkdir -p "$state/home/ferretdb"
  ensure ferretdb "$ferretdb_port" ferretdb_answers -- \
    "$(ferretdb_program)" "127.0.0.1:$ferretdb_port" "$state/home/ferretdb/data"
  await ferretdb ferretdb_answers
}
