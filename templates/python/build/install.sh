#!/bin/sh
# install.sh <manifest folder> <dependencies folder>: pip, from the manifests alone. The current folder is the unpacked context.
set -eu
manifest=$1
dependencies=$2
mkdir -p "$dependencies"
requirements=$manifest/requirements.txt
if [ ! -f "$requirements" ]; then
  [ -f "$manifest/pyproject.toml" ] || exit 0
  requirements=$dependencies/requirements.txt
  python3 -I build/requirements.py "$manifest/pyproject.toml" >"$requirements"
fi

options="--disable-pip-version-check --no-input --root-user-action=ignore --no-warn-script-location --no-compile"
# One hash makes all of them binding: a package without one, or with another, is not installed.
if grep -q -e '--hash=' "$requirements"; then options="$options --require-hashes"; fi
# shellcheck disable=SC2086  # options are words
python3 -m pip install $options --requirement "$requirements" --target "$dependencies/packages"

# Compiled here, for good: the layer is read-only when the function runs. Some packages bring files that no Python compiles.
[ ! -d "$dependencies/packages" ] || python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash "$dependencies/packages" || true
