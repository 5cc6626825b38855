#!/bin/sh
# compile.sh <root>: makes function/ startable. Runs at every code change.
set -eu
cd "$1"
# The link is relative, so the folder may be moved. A source that brings its own node_modules and no manifest keeps them.
if [ -d dependencies/node_modules ]; then
  rm -rf function/node_modules
  ln -s ../dependencies/node_modules function/node_modules
fi
mkdir -p compile-cache
node build/compile.mjs
exec node build/warm.mjs
