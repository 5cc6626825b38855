#!/bin/bash
# A Redis of this project's own: Debian's package unpacked below .cache (the system is not touched, no root is needed), with its own port
# and folder, on 127.0.0.1 only. It writes nothing to the disk: what it holds ends with it.
#
#   redis.sh install              unpack the packages, once
#   redis.sh start|restart        resolves when it answers; prints its REDIS_URL
#   redis.sh stop|kill            orderly, or as a power cut would
#   redis.sh freeze|thaw          there, and without an answer; and back
#   redis.sh wipe                 stop, and remove its folder
#
# REDIS_FOLDER chooses the folder, REDIS_PORT the port, REDIS_PASSWORD a password that it asks for.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
packages="$project/.cache/services/redis-packages"
root="$packages/root"
# Below the ports that outgoing connections are given (32768 and up): one of those may hold it when the server comes back.
port=${REDIS_PORT:-26379}
folder=${REDIS_FOLDER:-$project/.cache/services/redis-$port}
. "$project/scripts/services/background.sh"

# The server is one program with the tools; which libraries it needs depends on the release of Debian. The C library is the system's.
fetch() {
  local libraries
  libraries=$(apt-cache depends redis-tools | sed -n 's/^ *Depends: \(lib[a-z].*\)$/\1/p' | grep -v '^libc6$') || return 1
  # shellcheck disable=SC2086 # one argument each
  apt-get download redis-server redis-tools $libraries 9>&-
}

install() {
  [ -f "$packages/complete" ] && return
  alone "$packages"
  [ -f "$packages/complete" ] && return
  (
    cd "$packages"
    { fetch || { apt-get update && fetch; }; } >download.log 2>&1 ||
      { cat download.log >&2; echo 'redis-server could not be fetched from Debian' >&2; exit 1; }
    for package in *.deb; do dpkg-deb -x "$package" root; done
    rm -f ./*.deb
    touch complete
  )
}

with_libraries() { echo "LD_LIBRARY_PATH=$(echo "$root"/usr/lib/*-linux-gnu*)"; }

replies() {
  [ "$(env "$(with_libraries)" REDISCLI_AUTH="${REDIS_PASSWORD:-}" "$root/usr/bin/redis-cli" -p "$port" ping 2>/dev/null)" = PONG ]
}

signal() { # signal <signal>
  if running redis; then kill -"$1" "$(cat "$folder/redis.pid")"; fi
}

start() {
  install
  alone "$folder"
  # Whoever froze it may have failed before the thaw.
  signal CONT
  # Without its title it keeps its arguments, by which the scripts find it again.
  cat >"$folder/redis.conf" <<CONFIGURATION
bind 127.0.0.1
port $port
dir $folder
save ""
appendonly no
set-proc-title no
loglevel warning
${REDIS_PASSWORD:+requirepass $REDIS_PASSWORD}
CONFIGURATION
  in_background redis env "$(with_libraries)" "$root/usr/bin/redis-server" "$folder/redis.conf"
  await redis replies
  echo "redis://${REDIS_PASSWORD:+:$REDIS_PASSWORD@}127.0.0.1:$port"
}

# One that is frozen would not hear of it.
stop() {
  signal CONT
  end TERM redis
}

case ${1:-} in
  install) install ;;
  start) start ;;
  stop) stop ;;
  kill) end KILL redis ;;
  freeze) signal STOP ;;
  thaw) signal CONT ;;
  restart) stop; start ;;
  wipe) stop; rm -rf "$folder" ;;
  *)
    echo 'redis.sh install|start|stop|kill|freeze|thaw|restart|wipe' >&2
    exit 2
    ;;
esac
