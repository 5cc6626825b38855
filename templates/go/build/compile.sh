#!/bin/sh
# compile.sh <root>: links the user's package and the wrapper into one static binary, bin/function. Runs at every code change.
set -eu
root=$(cd "$1" && pwd)
cd "$root"
. build/environment.sh

# The network was for install.sh: what it did not bring is missing from go.mod or go.sum, and is said so.
export GOPROXY=off GOMODCACHE="$root/dependencies/modules"
rm -rf generated bin
mkdir -p generated bin
[ ! -f dependencies/go.work.sum ] || cp dependencies/go.work.sum generated/go.work.sum

(cd wrapper && GOWORK=off go run ./generate "$root")
GOWORK="$root/generated/go.work" go build -overlay generated/overlay.json -ldflags '-s -w' -o bin/function "$(cat generated/package)"

# A workspace adds the checksums that it misses to a file of its own. Where there is a go.sum, it is the lock, and complete.
if [ -f function/go.sum ] && [ -s generated/go.work.sum ]; then
  echo 'go.sum lacks these lines; run go mod tidy:' >&2
  cat generated/go.work.sum >&2
  rm -rf bin
  exit 1
fi
