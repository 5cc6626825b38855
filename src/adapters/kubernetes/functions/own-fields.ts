// A service is created by POST, the one way that fails when somebody else was quicker, and changed by server-side apply. For the server
// these are two managers of the same name, and what the first of them has set the second could never take away. So before the first
// change the fields are handed from the one to the other, as kubectl does for objects that it was not the creator of.
import type { KubernetesClient } from '../client.ts';
import { fieldManager, patch } from '../verbs.ts';
import { services, type KnativeService } from './objects.ts';

/** The service as it is then; `undefined` when it has changed meanwhile or is gone. */
export const takeOverFields = async (client: KubernetesClient, service: KnativeService): Promise<KnativeService | undefined> => {
  const { name, namespace = '', managedFields = [], resourceVersion } = service.metadata;
  const ours = managedFields.filter(({ manager, subresource }) => manager === fieldManager && subresource === undefined);
  if (ours.length !== 1 || ours[0]?.operation !== 'Update') return service;
  const index = managedFields.indexOf(ours[0]);
  const changed = await patch(client, services, { namespace, name }, [
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'replace', path: `/metadata/managedFields/${index}/operation`, value: 'Apply' },
  ]);
  return typeof changed === 'string' ? undefined : changed;
};
