#!/bin/sh
# compile.sh <root>: makes function/ startable. Runs at every code change.
set -eu
cd "$1"
exec python3 -I -S -B build/compile.py
