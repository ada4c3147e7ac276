# Redis: one server, in memory only; each Zaqar has two of its 16 databases.

redis_answers() { [ "$(first_line "$redis_port" 'PING\r\n')" = +PONG ]; }

start_redis() {
  mkdir -p "$state/home/redis"
  ensure redis "$redis_port" redis_answers -- \
    "$redis_server" --bind 127.0.0.1 --port "$redis_port" --save "" --appendonly no --dir "$state/home/redis"
  await redis redis_answers
}
