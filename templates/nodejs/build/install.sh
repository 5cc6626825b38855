#!/bin/sh
# install.sh <manifest folder> <dependencies folder>: npm, from the manifests alone. The current folder is the unpacked context.
set -eu
manifest=$1
dependencies=$2
mkdir -p "$dependencies"
[ -f "$manifest/package.json" ] || exit 0

while IFS= read -r name; do
  cp "$manifest/$name" "$dependencies/$name"
done <"$manifest/.names"
cd "$dependencies"

# Lifecycle scripts are not run: they are code of strangers that nobody asked for, and packages with native parts bring them
# prebuilt as optional dependencies. --workspaces=false keeps npm from looking for a project in the folders above.
options="--omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier --workspaces=false --loglevel=warn"
if [ -f package-lock.json ] || [ -f npm-shrinkwrap.json ]; then
  # shellcheck disable=SC2086  # options are words
  exec npm ci $options
fi
# shellcheck disable=SC2086
exec npm install --no-package-lock $options
