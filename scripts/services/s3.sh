#!/bin/bash
# An S3 of this project's own: versitygw over a folder, on 127.0.0.1 only. It has conditional writes and multipart uploads.
#
#   s3.sh install              build the server, once
#   s3.sh start|restart        resolves when it answers; prints its endpoint
#   s3.sh stop|kill            orderly, or as a power cut would
#   s3.sh wipe                 stop, and remove what it stores
#
# S3_FOLDER chooses the data folder, S3_PORT the port. Its only account is AWS_ACCESS_KEY_ID=test, AWS_SECRET_ACCESS_KEY=test-secret.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
version=v1.8.0
programs="$project/.cache/services/s3-$version"
port=${S3_PORT:-26900}
folder=${S3_FOLDER:-$project/.cache/services/s3-data-$port}
endpoint="http://127.0.0.1:$port"
. "$project/scripts/services/background.sh"

install() {
  [ -x "$programs/versitygw" ] && return
  alone "$programs"
  [ -x "$programs/versitygw" ] && return
  GOBIN="$programs" go install -trimpath -p 2 -ldflags '-s -w' "github.com/versity/versitygw/cmd/versitygw@$version" \
    >"$programs/install.log" 2>&1 9>&- || { tail -40 "$programs/install.log" >&2; echo 'versitygw could not be built' >&2; exit 1; }
}

start() {
  install
  alone "$folder"
  mkdir -p "$folder/buckets" "$folder/metadata"
  # What is known of an object is kept with its file. Not every file system can; beside it, the two change one after the other, and
  # whoever reads in between sees an object that is damaged.
  local beside=()
  python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.test", b"")' "$folder/buckets" 2>/dev/null || beside=(--sidecar "$folder/metadata")
  in_background versitygw "$programs/versitygw" --port "127.0.0.1:$port" --access test --secret test-secret --health /health --quiet \
    --keep-alive posix ${beside[@]+"${beside[@]}"} "$folder/buckets"
  await versitygw answers "$endpoint/health"
  echo "$endpoint"
}

case ${1:-} in
  install) install ;;
  start) start ;;
  stop) end TERM versitygw ;;
  kill) end KILL versitygw ;;
  restart) end TERM versitygw; start ;;
  wipe) end TERM versitygw; rm -rf "$folder" ;;
  *)
    echo 's3.sh install|start|stop|kill|restart|wipe' >&2
    exit 2
    ;;
esac
