// Whether the policies let one pod speak to another, judged as a network plugin judges: who leaves must be allowed to leave, and who
// is reached to be reached. As much of the API as our manifests use; anything else is an error and not a silent "yes".
import { ofKind, type Manifest } from './manifests.ts';

export type Pod = { namespace: string; labels: Record<string, string> };
export type Speaks = (from: Pod, to: Pod, port: number) => boolean;

type Selector = {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
};
type Peer = { podSelector?: Selector; namespaceSelector?: Selector; ipBlock?: object };
/** `_from` is `from`, as the client's reader of manifests names it. */
type Rule = { _from?: Peer[]; to?: Peer[]; ports?: { port: number }[] };
type Policy = { podSelector: Selector; policyTypes: string[]; ingress?: Rule[]; egress?: Rule[] };

const matches = ({ matchLabels = {}, matchExpressions = [] }: Selector, labels: Record<string, string>): boolean =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
  matchExpressions.every(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return key in labels;
    if (operator === 'In') return values.includes(labels[key] ?? '');
    throw new Error(`The operator ${operator} is not known here`);
  });

/** Whether the peer is this pod. A block of addresses is not: whoever is in the cluster is to be named. */
const names = ({ podSelector, namespaceSelector }: Peer, own: string, { namespace, labels }: Pod): boolean => {
  if (podSelector === undefined && namespaceSelector === undefined) return false;
  const isThere =
    namespaceSelector === undefined
      ? namespace === own
      : matches(namespaceSelector, { 'kubernetes.io/metadata.name': namespace });
  return isThere && matches(podSelector ?? {}, labels);
};

/** @returns who may speak to whom; pods of other namespaces than those of the manifests may do anything */
export const speaksBy = (manifests: readonly Manifest[]): Speaks => {
  const policies = ofKind(manifests, 'NetworkPolicy');
  const allows = (direction: 'Egress' | 'Ingress', pod: Pod, other: Pod, port: number): boolean => {
    const own = policies
      .filter(({ metadata }) => metadata.namespace === pod.namespace)
      .map(({ spec }) => spec as unknown as Policy)
      .filter(({ podSelector, policyTypes }) => policyTypes.includes(direction) && matches(podSelector, pod.labels));
    if (own.length === 0) return true;
    const rules = own.flatMap(({ ingress = [], egress = [] }) => (direction === 'Egress' ? egress : ingress));
    return rules.some(
      ({ _from, to, ports }) =>
        (ports === undefined || ports.some((one) => one.port === port)) &&
        (direction === 'Egress' ? to : _from)?.some((peer) => names(peer, pod.namespace, other)) === true,
    );
  };
  return (from, to, port) => allows('Egress', from, to, port) && allows('Ingress', to, from, port);
};
