#!/bin/bash
# A Kubernetes API server of this project's own: etcd, kube-apiserver and the controllers that matter to what is tested here, built from
# the Go module in tests/cluster/control-plane, on 127.0.0.1 only. There is no scheduler and no kubelet: pods are created and stay pending;
# what a kubelet would report, the tests write. Knative's resource definitions are applied.
#
#   kubernetes.sh install                      build the program, once
#   kubernetes.sh start|restart [<part>]       resolves when the server is ready; prints the path of its kubeconfig
#   kubernetes.sh stop|kill [<part>]           orderly, or as a power cut would
#   kubernetes.sh wipe                         stop, and remove the cluster's data
#   kubernetes.sh kubectl <arguments>          kubectl with this cluster
#
# <part> is etcd, kube-apiserver or kube-controller-manager; all of them without it. KUBERNETES_FOLDER chooses the data folder,
# KUBERNETES_PORT the server's port (the two after it are etcd's). KUBEBUILDER_ASSETS is a folder with etcd, kube-apiserver and kubectl
# that are used instead of the built ones, and kube-controller-manager if it is there.
set -euo pipefail

project=$(cd "$(dirname "$0")/../.." && pwd)
module="$project/tests/cluster/control-plane"
cache="$project/.cache/services/kubernetes"
program="$cache/control-plane"
port=${KUBERNETES_PORT:-26443}
folder=${KUBERNETES_FOLDER:-$project/.cache/services/kubernetes-$port}
kubeconfig="$folder/kubeconfig"
# In the order in which they are ended: each needs the ones after it.
parts='kube-controller-manager kube-apiserver etcd'
controllers=job-controller,cronjob-controller,garbage-collector-controller,ttl-after-finished-controller,namespace-controller
controllers+=,serviceaccount-controller,serviceaccount-token-controller,root-ca-certificate-publisher-controller
controllers+=,resourcequota-controller,clusterrole-aggregation-controller
. "$project/scripts/services/background.sh"

# The resource definitions of Knative, out of its Go modules: the documents of that kind, without the conversion between versions, for
# which Knative's webhook would have to be there.
definitions() {
  local serving eventing
  serving=$(go mod download -json knative.dev/serving@v0.51.0 9>&- | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
  eventing=$(go mod download -json knative.dev/operator@v0.42.2 9>&- | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')/cmd/operator/kodata
  awk -v RS='---\n' '/\nkind: CustomResourceDefinition\n/ { print "---\n" $0 }' \
    "$serving"/config/core/300-resources/*.yaml \
    "$eventing"/knative-eventing/1.15.0/1-eventing-crds.yaml \
    "$eventing"/eventing-source/1.15/rabbitmq/rabbitmq-source.yaml |
    awk '/^  conversion:/ { skip = 1; next } skip && /^    / { next } { skip = 0; print }' >"$cache/knative.yaml"
}

build() {
  local name version
  version=$(cd "$module" && go list -m -f '{{.Version}}' k8s.io/kubernetes)
  for name in $parts kubectl; do
    if [ ! -x "${KUBEBUILDER_ASSETS:-}/$name" ]; then
      (cd "$module" && go build -trimpath -p 2 -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$version" -o "$program" . 9>&-)
      return
    fi
  done
}

install() {
  local from
  from=$(cat "$module"/go.* "$module"/*.go <(declare -f definitions) | sha256sum)
  [ "$(cat "$cache/complete" 2>/dev/null)" != "$from" ] || return 0
  alone "$cache"
  [ "$(cat "$cache/complete" 2>/dev/null)" != "$from" ] || return 0
  (build && definitions) >"$cache/install.log" 2>&1 || { tail -40 "$cache/install.log" >&2; echo 'the control plane could not be built' >&2; exit 1; }
  printf '%s' "$from" >"$cache/complete"
}

# The words that call a part; the others follow them.
program_of() { # program_of <part>
  if [ -x "${KUBEBUILDER_ASSETS:-}/$1" ]; then command=("$KUBEBUILDER_ASSETS/$1"); else command=("$program" "$1"); fi
}

kubectl() {
  program_of kubectl
  HOME="$folder" KUBERC=off "${command[@]}" --kubeconfig "$kubeconfig" "$@" 9>&-
}

# Keys, the administrator's token, and the kubeconfig that holds it.
credentials() {
  [ -f "$kubeconfig" ] && return
  node --input-type=module -e '
    import { generateKeyPairSync, randomBytes } from "node:crypto";
    import { writeFileSync } from "node:fs";
    const [folder, port] = process.argv.slice(1);
    const pem = (type) => ({ type, format: "pem" });
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const write = (name, text) => writeFileSync(`${folder}/${name}`, text, { mode: 0o600 });
    write("service-accounts.key", privateKey.export(pem("pkcs1")));
    write("service-accounts.pub", publicKey.export(pem("spki")));
    const token = randomBytes(24).toString("base64url");
    write("tokens.csv", `${token},administrator,administrator,system:masters\n`);
    const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority": `${folder}/certificates/apiserver.crt` };
    write("kubeconfig", JSON.stringify({
      apiVersion: "v1", kind: "Config", "current-context": "test",
      clusters: [{ name: "test", cluster }],
      users: [{ name: "administrator", user: { token } }],
      contexts: [{ name: "test", context: { cluster: "test", user: "administrator" } }],
    }, null, 2));
  ' "$folder" "$port"
}

start_part() { # start_part <part>
  local etcd="http://127.0.0.1:$((port + 1))" peer="http://127.0.0.1:$((port + 2))" arguments
  case $1 in
    etcd)
      # A killed process loses nothing without fsync, only a killed machine would.
      arguments=(--data-dir "$folder/etcd" --log-level warn --unsafe-no-fsync
        --listen-client-urls "$etcd" --advertise-client-urls "$etcd"
        --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer")
      ;;
    kube-apiserver)
      arguments=(--etcd-servers "$etcd" --cert-dir "$folder/certificates" --endpoint-reconciler-type none
        --bind-address 127.0.0.1 --advertise-address 127.0.0.1 --secure-port "$port" --service-cluster-ip-range 10.96.0.0/16
        --token-auth-file "$folder/tokens.csv" --authorization-mode RBAC
        --service-account-issuer https://kubernetes.default.svc.cluster.local
        --service-account-key-file "$folder/service-accounts.pub" --service-account-signing-key-file "$folder/service-accounts.key")
      ;;
    kube-controller-manager)
      arguments=(--kubeconfig "$kubeconfig" --leader-elect=false --secure-port 0
        --controllers "$controllers" --kube-api-qps 200 --kube-api-burst 400
        --root-ca-file "$folder/certificates/apiserver.crt" --service-account-private-key-file "$folder/service-accounts.key")
      ;;
    *)
      echo "there is no part $1" >&2
      exit 2
      ;;
  esac
  program_of "$1"
  in_background "$1" "${command[@]}" "${arguments[@]}"
}

is_ready() { [ "$(kubectl get --raw /readyz 2>/dev/null)" = ok ]; }

# Before the controllers start: the garbage collector looks for new kinds every half minute only.
apply_definitions() {
  [ -f "$folder/definitions" ] && return
  kubectl apply --server-side --filename "$cache/knative.yaml" --filename "$module/../definitions" >"$folder/definitions.log"
  kubectl wait --for condition=Established --timeout 30s crd --all >>"$folder/definitions.log"
  touch "$folder/definitions"
}

start() { # start [<part>]
  install
  alone "$folder"
  credentials
  local part
  for part in ${1:-etcd kube-apiserver kube-controller-manager}; do
    start_part "$part"
    [ "$part" != kube-apiserver ] || { await kube-apiserver is_ready; apply_definitions; }
  done
  echo "$kubeconfig"
}

verb=${1:-}
[ $# -eq 0 ] || shift
case $verb in
  install) install ;;
  start) start "$@" ;;
  # shellcheck disable=SC2086 # one argument each
  stop) end TERM ${1:-$parts} ;;
  # shellcheck disable=SC2086 # one argument each
  kill) end KILL ${1:-$parts} ;;
  # shellcheck disable=SC2086 # one argument each
  restart) end TERM ${1:-$parts}; start "$@" ;;
  # shellcheck disable=SC2086 # one argument each
  wipe) end TERM $parts; rm -rf "$folder" ;;
  kubectl) kubectl "$@" ;;
  *)
    echo 'kubernetes.sh install|start|stop|kill|restart|wipe|kubectl' >&2
    exit 2
    ;;
esac
