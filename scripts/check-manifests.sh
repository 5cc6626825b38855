#!/bin/bash
# Holds k8s/kustomize to the schemas of Kubernetes and Knative (kubeconform, strictly) and to what is known to go wrong (kube-score, and
# kube-linter where it can be had). An exception stands in the manifest, as an annotation with its reason above it.
#
# The tools are built once, at the versions below, into .cache/tools. The schemas are those of the tests' own API server.
set -euo pipefail

project=$(cd "$(dirname "$0")/.." && pwd)
tools="$project/.cache/tools"
folder="$project/.cache/manifests"
kubernetes="$project/scripts/services/kubernetes.sh"
# The project's own Node reads TypeScript; the machine's may be older.
PATH="$project/node_modules/.bin:$PATH"

kubeconform=github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
kube_score=github.com/zegl/kube-score/cmd/kube-score@v1.20.0
kube_linter=golang.stackrox.io/kube-linter/cmd/kube-linter@v0.7.6

tool() { # tool <package@version>: its path
  local name
  name=$(basename "${1%@*}")
  local path="$tools/$name-${1##*@}"
  if [ ! -x "$path" ]; then
    mkdir -p "$tools/building"
    GOBIN="$tools/building" go install -trimpath -p 2 -ldflags '-s -w' "$1" >"$tools/$name.log" 2>&1 || { tail -3 "$tools/$name.log" >&2; return 1; }
    mv "$tools/building/$name" "$path"
  fi
  echo "$path"
}

mkdir -p "$folder"
conform=$(tool "$kubeconform")
score=$(tool "$kube_score")
"$kubernetes" start >/dev/null
"$kubernetes" kubectl get --raw /openapi/v2 >"$folder/openapi.json"
rm -rf "$folder/schemas"
node "$project/scripts/manifest-schemas.ts" "$folder/openapi.json" "$folder/schemas"

# Each overlay, and the base with all components.
mkdir -p "$folder/components"
cat >"$folder/components/kustomization.yaml" <<'KUSTOMIZATION'
resources: [../../../k8s/kustomize/base]
components:
  - ../../../k8s/kustomize/components/kubernetes-before-1.36
  - ../../../k8s/kustomize/components/private-registry
  - ../../../k8s/kustomize/components/shared-limits
KUSTOMIZATION
for overlay in "$project/k8s/kustomize/base" "$project/k8s/kustomize/studio" "$folder/components"; do
  file="$folder/$(basename "$overlay").yaml"
  "$kubernetes" kubectl kustomize "$overlay" >"$file"
  "$conform" -strict -summary -schema-location "$folder/schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$file"
  "$score" score --kubernetes-version v1.36 --exit-one-on-warning --output-format ci "$file" >"$folder/score.txt" ||
    { grep -v '^\[OK\]\|^\[SKIPPED\]' "$folder/score.txt" >&2; exit 1; }
done
echo "kube-score: nothing critical, no warning"

# Its module is not on every proxy; tests/k8s holds the manifests to the checks that matter by itself.
if linter=$(command -v kube-linter || tool "$kube_linter" 2>/dev/null); then
  "$linter" lint "$folder/base.yaml" "$folder/studio.yaml"
else
  echo 'kube-linter: skipped, it could not be installed'
fi
