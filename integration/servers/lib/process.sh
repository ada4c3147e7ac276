# Starts, finds and stops background processes. A process has a NAME, and with it $state/pids/NAME.pid and
# $state/logs/NAME.log. Its pid file holds: pid, start time, boot, fingerprint. The first three identify our
# process, since a pid can be reused; the last shows whether it runs with the current command and configuration.

say() { printf '%s\n' "$*" >&2; }

die() {
  say "$0: $*"
  exit 1
}

# The start time of process $1 in ticks since boot (nothing when it is gone, or dead and not yet reaped).
start_time() {
  local stat
  read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
  stat=${stat##*) } # the name in parentheses may hold spaces; what follows is field 3 (state) and on
  local fields
  read -ra fields <<<"$stat"
  [ "${fields[0]}" != Z ] && echo "${fields[19]}"
}

# Prints the pid of NAME if the very process that we started is alive.
running() {
  local pid started boot rest
  read -r pid started boot rest 2>/dev/null <"$state/pids/$1.pid" || return 1
  [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || return 1
  [ "$started" = "$(start_time "$pid")" ] || return 1
  echo "$pid"
}

fingerprint_of() {
  local pid started boot fingerprint
  read -r pid started boot fingerprint 2>/dev/null <"$state/pids/$1.pid" && echo "$fingerprint"
}

# Whether anything listens on 127.0.0.1:$1.
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sends request $2 to port $1 and prints the first line of the answer. No curl: a bare Debian has none.
first_line() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
    printf '%b' "$2" >&3
    read -r -t 3 line <&3 && printf '%s\n' "${line%$'\r'}"
  ) 2>/dev/null
}

# ensure NAME PORT PROBE FILES... -- COMMAND...
# Leaves NAME alone if it runs with this very command and these config files and the function PROBE is content with it;
# otherwise stops it and starts it anew. PORT is - for a process that does not listen. Does not wait: see await.
# Servers get a clean environment, so that proxies, OS_* or PYTHON* variables of the caller cannot change what they do.
ensure() {
  local name=$1 port=$2 probe=$3 files=()
  shift 3
  while [ "$1" != -- ]; do
    files+=("$1")
    shift
  done
  shift
  local fingerprint
  fingerprint=$({ printf '%s\n' "$@"; cat "${files[@]}" /dev/null; } | sha256sum | cut -c1-16)

  if running "$name" >/dev/null; then
    [ "$(fingerprint_of "$name")" = "$fingerprint" ] && "$probe" && return
    say "  $name runs with an old configuration or does not answer: restarting it"
    stop "$name"
  fi
  if [ "$port" != - ] && listening "$port"; then
    die "port $port of $name is used by another program: set ZAQAR_REAL_PORT_BASE to move all ports"
  fi

  local log=$state/logs/$name.log
  [ ! -e "$log" ] || mv "$log" "$log.1"
  # setsid: a group of its own, so that a ^C for this script does not reach it. 9 is the lock of up, 7 the table.
  env -i "PATH=$PATH" "HOME=$state/home/$name" LANG=C.UTF-8 PYTHONUNBUFFERED=1 \
    setsid "$@" >"$log" 2>&1 </dev/null 7<&- 9>&- &
  local pid=$!
  disown "$pid"
  local started
  started=$(start_time "$pid") || die "$name died at once: $(tail -n 20 "$log")"
  echo "$pid $started $(cat /proc/sys/kernel/random/boot_id) $fingerprint" >"$state/pids/$name.pid"
  local where=" (port $port)"
  say "  starting $name${where#" (port -)"}"
}

# Waits until the function PROBE accepts NAME. Prints the end of the log if that takes too long or NAME dies.
await() {
  local name=$1 probe=$2 end=$((SECONDS + 120))
  until "$probe"; do
    if ! running "$name" >/dev/null; then
      say "$name died. The end of $state/logs/$name.log:"
    elif [ "$SECONDS" -ge "$end" ]; then
      say "$name does not answer correctly after 120 s. The end of $state/logs/$name.log:"
    else
      sleep 0.2
      continue
    fi
    tail -n 30 "$state/logs/$name.log" >&2
    exit 1
  done
}

# Stops the named processes at the same time: with SIGTERM, and after ten seconds with SIGKILL. Ignores those that are gone.
stop() {
  local name pid pids=()
  for name; do
    pid=$(running "$name") || continue
    kill -TERM "$pid" 2>/dev/null
    pids+=("$name:$pid")
  done
  local end=$((SECONDS + 10))
  for name in "${pids[@]}"; do
    pid=${name##*:} name=${name%:*}
    while running "$name" >/dev/null; do
      # The process group takes the workers along. Its leader still lives, so the number is still its own.
      [ "$SECONDS" -lt "$end" ] || kill -KILL -- "-$pid" 2>/dev/null
      sleep 0.1
    done
  done
  for name; do rm -f "$state/pids/$name.pid"; done
}

# Kills NAME and its workers with SIGKILL, as a crash would. Returns when they are gone.
crash() {
  local pid tries
  if pid=$(running "$1"); then
    kill -KILL -- "-$pid"
    # Five seconds at most: if nobody reaps the workers, they seem to exist for ever.
    for ((tries = 0; tries < 50; tries++)); do
      kill -0 -- "-$pid" 2>/dev/null || break
      sleep 0.1
    done
  fi
  rm -f "$state/pids/$1.pid"
}
