# Installs what the servers need and Debian lacks: Redis, and a virtual environment for each program.

# retry LOG COMMAND...: tries a command three times, because registries fail now and then.
retry() {
  local log=$1 try
  shift
  for try in 1 2 3; do
    "$@" >>"$log" 2>&1 && return
    say "  failed (try $try of 3): $*"
    sleep $((try * 3))
  done
  say "The end of $log:"
  tail -n 15 "$log" >&2
  return 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_install() {
  say "  installing $* (apt-get)"
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || die "not root: install these Debian packages first: $*"
  local log=$state/logs/apt.log policy=/usr/sbin/policy-rc.d ours=
  # Debian starts a server when it is installed, unless this program forbids it.
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root install -m 755 /dev/stdin "$policy" && ours=yes
  fi
  retry "$log" as_root apt-get -o DPkg::Lock::Timeout=300 update &&
    retry "$log" as_root env DEBIAN_FRONTEND=noninteractive \
      apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
  local result=$?
  [ -z "$ours" ] || as_root rm -f "$policy"
  [ "$result" = 0 ] || die "apt-get failed"
}

# Sets python to the first interpreter of 3.11 or newer; the one on PATH wins.
find_python() {
  for python in python3 /usr/bin/python3 python3.11 python3.12 python3.13; do
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
  done
  die "no Python 3.11 or newer found: install one, Zaqar 23 needs it"
}

# Debian keeps the parts that `python3 -m venv` needs in packages of their own.
can_make_venvs() { "$python" -c 'import venv, ensurepip' 2>/dev/null; }

# Sets redis_server. Debian's package redis-server would also start a service of its own; the program itself is in
# redis-tools, under another name: it is a Redis server when it is called redis-server.
find_redis() {
  redis_server=$(command -v redis-server) && return
  redis_server=$cache/bin/redis-server
  [ -e /usr/bin/redis-check-rdb ] || return
  mkdir -p "$cache/bin"
  ln -sf /usr/bin/redis-check-rdb "$redis_server"
}

# Set nginx, haproxy and apache. Debian has them in /usr/sbin, which is not on everybody's path.
find_nginx() { nginx=$(PATH=$PATH:/usr/sbin command -v nginx); }
find_haproxy() { haproxy=$(PATH=$PATH:/usr/sbin command -v haproxy); }
find_apache() { apache=$(PATH=$PATH:/usr/sbin command -v apache2); }

venv_of() { echo "$cache/venvs/$1-$(sha256sum "$here/requirements/$1.txt" | cut -c1-16)"; }

# A virtual environment is used only if it was fully installed from the very requirements file that is here now:
# the checksum is in its name, and the stamp is written last.
venv_complete() { [ -e "$1/complete" ] && "$1/bin/python" -c '' 2>/dev/null; }

make_venv() {
  local program=$1 venv log=$state/logs/install-$1.log
  venv=$(venv_of "$program")
  say "  installing $program into $venv"
  rm -rf "$venv"
  : >"$log"
  # The files are pinned in full (hence --no-deps; pip check proves it). On Python 3.11 and 3.12 every package is a wheel. On
  # 3.13, falcon 3 and SQLAlchemy 1.4 are built from source: without build isolation there is no Cython, so both build
  # as plain Python and need no compiler, only two packages of the file beforehand.
  local build_needs
  mapfile -t build_needs < <(grep -E '^(setuptools|legacy-cgi)==' "$here/requirements/$program.txt")
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input)
  retry "$log" "$python" -m venv "$venv" &&
    retry "$log" "${pip[@]}" install --quiet "${build_needs[@]}" &&
    retry "$log" "${pip[@]}" install --quiet --no-build-isolation --no-deps -r "$here/requirements/$program.txt" &&
    "${pip[@]}" check >>"$log" 2>&1 || {
    say "installing $program failed: see $log"
    return 1
  }
  touch "$venv/complete"
}

# What MongoDB's driver needs beside the program is in a virtual environment of its own, on top of the program's.
mongodb_venv_of() {
  local sum
  sum=$(cat "$here/requirements/$1.txt" "$here/requirements/mongodb.txt" "$here/lib/on_ferretdb.py" | sha256sum)
  echo "$cache/venvs/$1-mongodb-${sum:0:16}"
}

make_mongodb_venv() {
  local program=$1 venv log=$state/logs/install-$1-mongodb.log
  venv=$(mongodb_venv_of "$program")
  say "  installing MongoDB's driver for $program into $venv"
  rm -rf "$venv"
  : >"$log"
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input)
  retry "$log" "$python" -m venv "$venv" &&
    retry "$log" "${pip[@]}" install --quiet --no-deps -r "$here/requirements/mongodb.txt" || {
    say "installing MongoDB's driver for $program failed: see $log"
    return 1
  }
  # Lines of a .pth file that begin with import are executed whenever this Python starts.
  local packages
  packages=$(echo "$venv"/lib/python3.*/site-packages)
  cp "$here/lib/on_ferretdb.py" "$packages/" &&
    echo "$(venv_of "$program")"/lib/python3.*/site-packages >"$packages/zaqar.pth" &&
    echo 'import on_ferretdb' >"$packages/zaqar_on_ferretdb.pth" &&
    "${pip[@]}" check >>"$log" 2>&1 && touch "$venv/complete"
}

# uWSGI, likewise on top of Zaqar 23. It runs in the interpreter of its environment.
uwsgi_venv() {
  local sum
  sum=$(cat "$here/requirements/zaqar-23.txt" "$here/requirements/uwsgi.txt" | sha256sum)
  echo "$cache/venvs/uwsgi-${sum:0:16}"
}

make_uwsgi_venv() {
  local venv log=$state/logs/install-uwsgi.log
  venv=$(uwsgi_venv)
  say "  installing uWSGI into $venv"
  rm -rf "$venv"
  : >"$log"
  local pip=("$venv/bin/python" -m pip --disable-pip-version-check --no-input)
  retry "$log" "$python" -m venv "$venv" &&
    retry "$log" "${pip[@]}" install --quiet --no-deps --only-binary :all: -r "$here/requirements/uwsgi.txt" || {
    say "installing uWSGI failed: see $log"
    return 1
  }
  echo "$(venv_of zaqar-23)"/lib/python3.*/site-packages >"$(echo "$venv"/lib/python3.*/site-packages)/zaqar.pth" &&
    "${pip[@]}" check >>"$log" 2>&1 && touch "$venv/complete"
}

install_all() {
  local packages=() program jobs=() failed=
  find_python
  can_make_venvs || packages+=(python3-venv)
  find_redis || packages+=(redis-tools)
  find_nginx || packages+=(nginx)
  find_haproxy || packages+=(haproxy)
  find_apache || packages+=(apache2-bin)
  if [ ${#packages[@]} -gt 0 ]; then
    apt_install "${packages[@]}"
    find_redis || die "no redis-server found, not even in Debian's redis-tools"
    find_nginx && find_haproxy && find_apache || die "apt-get did not install nginx, haproxy and apache2-bin"
    can_make_venvs || die "$(command -v "$python") cannot make virtual environments (no venv or no ensurepip)"
  fi
  mkdir -p "$cache"
  # Two runs of up may share the cache, even with different state folders.
  exec 8>"$cache/lock"
  flock 8
  for program in keystone zaqar-23 zaqar-15; do
    venv_complete "$(venv_of "$program")" && continue
    make_venv "$program" &
    jobs+=($!)
  done
  ferretdb_complete || {
    make_ferretdb &
    jobs+=($!)
  }
  for program in "${jobs[@]}"; do wait "$program" || failed=yes; done
  [ -z "$failed" ] || exit 1
  for program in zaqar-23 zaqar-15; do
    venv_complete "$(mongodb_venv_of "$program")" || make_mongodb_venv "$program" || exit 1
  done
  venv_complete "$(uwsgi_venv)" || make_uwsgi_venv || exit 1
  exec 8>&-
}
