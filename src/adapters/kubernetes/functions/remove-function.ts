// Takes a function away: its trigger first, so that no event comes for what is about to go, then its service. All that belongs to the
// service is collected after it.
import type { FunctionRef } from '../../../core/function.ts';
import type { KubernetesClient } from '../client.ts';
import { get, remove, type Place } from '../verbs.ts';
import { isOf } from './function-labels.ts';
import { services, triggers } from './objects.ts';

/** By their uids: a service of that name that is made meanwhile is another life of the function, with a trigger of its own. */
export const removeFunction = async (client: KubernetesClient, place: Place, ref: FunctionRef): Promise<'deleted' | 'absent'> => {
  const [service, trigger] = await Promise.all([get(client, services, place), get(client, triggers, place)]);
  if (service === undefined || !isOf(service.metadata, ref)) return 'absent';
  const { uid = '' } = service.metadata;
  if (trigger?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true) {
    await remove(client, triggers, place, { uid: trigger.metadata.uid ?? '', propagation: 'Background' });
  }
  return (await remove(client, services, place, { uid, propagation: 'Background' })) === 'deleted' ? 'deleted' : 'absent';
};
