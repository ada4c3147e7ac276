# Redis, twice: one in memory only, and one that has everything on disk before it answers. Each Zaqar has two of the 16
# databases of one of them.

redis_pongs() { [ "$(first_line "$1" 'PING\r\n')" = +PONG ]; }
redis_answers() { redis_pongs "$redis_port"; }
redis_durable_answers() { redis_pongs "$redis_durable_port"; }

start_redis_process() { # name port probe arguments...
  local name=$1 port=$2 probe=$3
  shift 3
  mkdir -p "$state/home/$name"
  ensure "$name" "$port" "$probe" -- \
    "$redis_server" --bind 127.0.0.1 --port "$port" --save "" --dir "$state/home/$name" "$@"
  await "$name" "$probe"
}

start_redis() { start_redis_process redis "$redis_port" redis_answers --appendonly no; }

start_redis_durable() {
  start_redis_process redis-durable "$redis_durable_port" redis_durable_answers --appendonly yes --appendfsync always
}
