#!/bin/sh
# install.sh <manifest folder> <dependencies folder>: the modules that go.mod asks for, so that the compiler needs no network. The
# current folder is the unpacked context.
set -eu
. build/environment.sh
manifest=$1
mkdir -p "$2"
dependencies=$(cd "$2" && pwd)
[ -f "$manifest/go.mod" ] || exit 0

export GOMODCACHE="$dependencies/modules" GOWORK=off
work=$dependencies/manifest
mkdir -p "$work"
cp "$manifest/go.mod" "$work/go.mod"
if [ -f "$manifest/go.sum" ]; then
  cp "$manifest/go.sum" "$work/go.sum"
  (cd "$work" && go mod download)
else
  # Without a lock the checksums of today are kept, where the workspace of the build reads them.
  (cd "$work" && go mod download all)
  [ ! -f "$work/go.sum" ] || cp "$work/go.sum" "$dependencies/go.work.sum"
fi
rm -rf "$work" "$GOMODCACHE/cache/vcs" "$GOMODCACHE/cache/lock"
