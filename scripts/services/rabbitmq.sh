#!/bin/sh
# A RabbitMQ of this project's own: Debian's package unpacked below .cache (the system is not touched, no root is needed), one node
# with its own ports, cookie, port mapper and data folder, on 127.0.0.1 only.
#
#   rabbitmq.sh install            unpack the packages, once
#   rabbitmq.sh start|restart      resolves when the node takes connections; prints its AMQP_URL
#   rabbitmq.sh stop|kill          orderly, or as a power cut would
#   rabbitmq.sh wipe               stop, and remove the node's data
#   rabbitmq.sh ctl <arguments>    rabbitmqctl of this node
#
# RABBITMQ_FOLDER chooses the data folder, RABBITMQ_PORT the port (the two after it are taken too).
set -eu

project=$(cd "$(dirname "$0")/../.." && pwd)
packages="$project/.cache/services/rabbitmq-packages"
root="$packages/root"
# Below the ports that outgoing connections are given (32768 and up): one of those may hold it when the node comes back.
port=${RABBITMQ_PORT:-21672}
folder=${RABBITMQ_FOLDER:-$project/.cache/services/rabbitmq-$port}

# Test files run at the same time, and each wants the node. What is started in the background must not inherit the lock.
lock() {
  mkdir -p "$project/.cache/services"
  exec 9>"$project/.cache/services/rabbitmq.lock"
  flock -w 180 9 || { echo 'another rabbitmq.sh does not end' >&2; exit 1; }
}

install() {
  [ -f "$packages/complete" ] && return
  rm -rf "$packages"
  mkdir -p "$root"
  cd "$packages"
  erlang=
  for application in base asn1 crypto eldap inets mnesia os-mon parsetools public-key runtime-tools ssl syntax-tools tools xmerl; do
    erlang="$erlang erlang-$application"
  done
  # shellcheck disable=SC2086 # one argument each
  apt-get download rabbitmq-server $erlang >download.log 2>&1 ||
    { apt-get update >>download.log 2>&1 && apt-get download rabbitmq-server $erlang >>download.log 2>&1; } ||
    { cat download.log >&2; echo 'rabbitmq-server could not be fetched from Debian' >&2; exit 1; }
  for package in *.deb; do dpkg-deb -x "$package" "$root"; done
  rm -f ./*.deb
  # Erlang's start scripts carry the folder that the package is meant for.
  grep -rlI 'ROOTDIR=/usr/lib/erlang' "$root/usr/lib/erlang" | xargs sed -i "s#ROOTDIR=/usr/lib/erlang#ROOTDIR=$root/usr/lib/erlang#g"
  touch complete
}

environment() {
  sbin=$(echo "$root"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin)
  PATH="$root/usr/lib/erlang/bin:$PATH"
  export PATH HOME="$folder" LANG=C.UTF-8
  export ERL_EPMD_PORT=$((port + 2)) ERL_EPMD_ADDRESS=127.0.0.1
  export RABBITMQ_NODENAME="knative-lambda-$port@localhost" RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT="$port"
  export RABBITMQ_DIST_PORT=$((port + 1)) RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
  export RABBITMQ_MNESIA_BASE="$folder/data" RABBITMQ_LOG_BASE="$folder/log" RABBITMQ_PID_FILE="$folder/pid"
  export RABBITMQ_CONFIG_FILE="$folder/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$folder/enabled_plugins"
}

# By its arguments: a number that another process has now is not mistaken for it.
running() { [ -f "$folder/pid" ] && grep -qsF "$folder" "/proc/$(cat "$folder/pid")/cmdline"; }

wait_until_gone() {
  tries=0
  while running && [ "$tries" -lt 300 ]; do sleep 0.1; tries=$((tries + 1)); done
  rm -f "$folder/pid"
}

start() {
  lock
  install
  environment
  mkdir -p "$folder/data" "$folder/log"
  echo '[].' >"$folder/enabled_plugins"
  # Two cores and a small disk are the smallest machine this runs on; the quorum queues' log is cut early.
  cat >"$folder/rabbitmq.conf" <<CONFIGURATION
disk_free_limit.absolute = 200MB
vm_memory_high_watermark.absolute = 1GB
raft.wal_max_size_bytes = 64000000
loopback_users.guest = true
log.file.level = warning
CONFIGURATION
  if ! running; then
    "$sbin/rabbitmq-server" >"$folder/log/start.log" 2>&1 9>&- &
    "$sbin/rabbitmqctl" --quiet wait "$folder/pid" --timeout 60 >/dev/null 2>>"$folder/log/start.log" 9>&- ||
      { tail -40 "$folder/log/start.log" >&2; exit 1; }
    "$sbin/rabbitmqctl" --quiet enable_feature_flag all >/dev/null 9>&-
  fi
  echo "amqp://guest:guest@127.0.0.1:$port"
}

stop() {
  running || return 0
  environment
  "$sbin/rabbitmqctl" --quiet shutdown >/dev/null 2>&1 || kill -TERM "$(cat "$folder/pid")"
  wait_until_gone
}

kill_hard() {
  running || return 0
  kill -KILL "$(cat "$folder/pid")"
  wait_until_gone
}

case "${1:-}" in
  install) lock; install ;;
  start) start ;;
  stop) stop ;;
  kill) kill_hard ;;
  restart) stop; start ;;
  wipe)
    stop
    # The port mapper outlives its nodes.
    if [ -f "$packages/complete" ]; then
      environment
      epmd -kill >/dev/null 2>&1 || true
    fi
    rm -rf "$folder"
    ;;
  ctl)
    shift
    environment
    exec "$sbin/rabbitmqctl" "$@"
    ;;
  *)
    echo 'rabbitmq.sh install|start|stop|kill|restart|wipe|ctl' >&2
    exit 2
    ;;
esac
