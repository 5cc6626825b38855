#!/bin/bash
# An image registry of this project's own: Debian's package unpacked below .cache (the system is not touched, no root is needed), with
# its own port and folder, plain HTTP on 127.0.0.1 only.
#
#   registry.sh install              unpack the package, once
#   registry.sh start|restart        resolves when it answers; prints its address
#   registry.sh stop|kill            orderly, or as a power cut would
#   registry.sh wipe                 stop, and remove what it stores
#
# REGISTRY_FOLDER chooses the data folder, REGISTRY_PORT the port.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
package="$project/.cache/services/registry-package"
port=${REGISTRY_PORT:-26500}
folder=${REGISTRY_FOLDER:-$project/.cache/services/registry-$port}
address="http://127.0.0.1:$port"
. "$project/scripts/services/background.sh"

fetch() { apt-get download docker-registry 9>&-; }

install() {
  [ -f "$package/complete" ] && return
  alone "$package"
  [ -f "$package/complete" ] && return
  (
    cd "$package"
    { fetch || { apt-get update && fetch; }; } >download.log 2>&1 ||
      { cat download.log >&2; echo 'docker-registry could not be fetched from Debian' >&2; exit 1; }
    dpkg-deb -x docker-registry_*.deb root
    rm -f ./*.deb
    touch complete
  )
}

start() {
  install
  alone "$folder"
  cat >"$folder/config.yml" <<CONFIGURATION
version: 0.1
log: { level: warn, accesslog: { disabled: true } }
storage:
  filesystem: { rootdirectory: $folder/images }
  delete: { enabled: true }
http: { addr: 127.0.0.1:$port }
CONFIGURATION
  in_background registry "$package/root/usr/bin/docker-registry" serve "$folder/config.yml"
  await registry answers "$address/v2/"
  echo "$address"
}

case ${1:-} in
  install) install ;;
  start) start ;;
  stop) end TERM registry ;;
  kill) end KILL registry ;;
  restart) end TERM registry; start ;;
  wipe) end TERM registry; rm -rf "$folder" ;;
  *)
    echo 'registry.sh install|start|stop|kill|restart|wipe' >&2
    exit 2
    ;;
esac
