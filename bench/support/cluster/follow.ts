// Every object of a kind in a namespace, as it changes.
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import type { KubernetesObject, Resource } from '../../../src/adapters/kubernetes/objects.ts';
import { watch, type Change } from '../../../src/adapters/kubernetes/watch.ts';

export const follow = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  namespace: string,
  signal: AbortSignal,
  see: (change: Change<T>) => void,
): Promise<void> => {
  for await (const change of watch(client, of, { namespace, signal })) see(change);
};
