// What Knative's controllers do with a function's service and trigger: after a while they are ready. Until its trigger is, a broker
// knows nothing of the function.
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { services, triggers, type Trigger } from '../../../src/adapters/kubernetes/functions/objects.ts';
import { pathOf, type KubernetesObject, type Resource } from '../../../src/adapters/kubernetes/objects.ts';
import type { Change } from '../../../src/adapters/kubernetes/watch.ts';
import { follow } from './follow.ts';

export type Knative = {
  /** Of the triggers that a broker would deliver to now: the attributes that they select by. */
  filters(): Iterable<Readonly<Record<string, string>>>;
  close(): Promise<void>;
};

type Reconciled = KubernetesObject & { status?: { observedGeneration?: number } };

const statusOf = (of: Resource<KubernetesObject>, { metadata: { name, namespace = '', generation } }: Reconciled): object => ({
  observedGeneration: generation,
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date().toISOString() }],
  ...(of.kind === 'Service' ? { address: { url: `http://${name}.${namespace}.svc.cluster.local` } } : {}),
});

/** @param delayMs how long a change takes */
export const playKnative = (client: KubernetesClient, namespace: string, delayMs: () => number): Knative => {
  const end = new AbortController();
  const served = new Map<string, Readonly<Record<string, string>>>();
  const working = new Set<string>();

  const report = async <T extends Reconciled>(of: Resource<T>, object: T, before: () => void): Promise<void> => {
    const { name, uid = '', generation = 0 } = object.metadata;
    const key = `${uid} ${generation}`;
    if (object.status?.observedGeneration === generation || working.has(key)) return;
    working.add(key);
    await sleep(delayMs());
    before();
    const body = { metadata: { uid }, status: statusOf(of, object) };
    const path = pathOf(of, namespace, name, 'status');
    await client.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });
  };

  const see = <T extends Reconciled>(of: Resource<T>, change: Change<T>, before: (object: T) => void): void => {
    const objects = change.type === 'listed' ? change.objects : change.type === 'changed' ? [change.object] : [];
    for (const object of objects) {
      if (object.metadata.deletionTimestamp !== undefined) continue;
      void report(of, object, () => before(object)).catch(() => undefined);
    }
  };

  const serve = ({ metadata, spec }: Trigger): void => void served.set(metadata.uid ?? '', spec.filter.attributes);

  const following = [
    follow(client, services, namespace, end.signal, (change) => see(services, change, () => undefined)),
    follow(client, triggers, namespace, end.signal, (change) => {
      if (change.type === 'deleted') served.delete(change.object.metadata.uid ?? '');
      see(triggers, change, serve);
    }),
  ];
  return {
    filters: () => served.values(),
    close: async () => {
      end.abort();
      await Promise.all(following);
    },
  };
};
