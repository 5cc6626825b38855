// The objects of one function: all of them have its name, and belong to its service.
import type { KubernetesClient } from '../client.ts';
import type { OwnerReference } from '../objects.ts';
import { get, type Place } from '../verbs.ts';
import { revisions, serviceAccounts, services, triggers } from './objects.ts';
import type { KnativeService, Revision, ServiceAccount, Trigger } from './objects.ts';

export type Parts = {
  readonly service: KnativeService | undefined;
  readonly trigger: Trigger | undefined;
  readonly account: ServiceAccount | undefined;
};

export const readParts = async (client: KubernetesClient, place: Place): Promise<Parts> => {
  const [service, trigger, account] = await Promise.all([
    get(client, services, place),
    get(client, triggers, place),
    get(client, serviceAccounts, place),
  ]);
  return { service, trigger, account };
};

/** The one that serves, for its number of replicas. */
export const readRevision = async (
  client: KubernetesClient,
  { metadata: { namespace = '' }, status }: KnativeService,
): Promise<Revision | undefined> => {
  const name = status?.latestReadyRevisionName ?? '';
  return name === '' ? undefined : get(client, revisions, { namespace, name });
};

export const ownedBy = ({ metadata: { name, uid = '' } }: KnativeService): OwnerReference => ({
  apiVersion: services.apiVersion,
  kind: services.kind,
  name,
  uid,
  controller: true,
});
