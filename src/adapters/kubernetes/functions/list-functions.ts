// Functions by name, page by page. The API's own cursor is forgotten after minutes; ours is the last name of the page before, and stands
// while functions come and go.
import type { FunctionFilter, FunctionState, Listed, Page } from '../../../ports.ts';
import type { KubernetesClient } from '../client.ts';
import { listPages } from '../list.ts';
import { isOf, selectorOf, specIn } from './function-labels.ts';
import { services, triggers, type KnativeService } from './objects.ts';
import { readRevision } from './parts.ts';
import { functionState, isTriggerReady, replicasOf } from './state.ts';
import { get } from '../verbs.ts';

const matches = ({ metadata }: KnativeService, filter: FunctionFilter): boolean => {
  const spec = specIn(metadata);
  return spec !== undefined && isOf(metadata, { ...spec.ref, ...filter });
};

/** One more than the page holds, to know whether there is more. */
const readServices = async (
  client: KubernetesClient,
  namespace: string,
  filter: FunctionFilter,
  { limit, cursor = '' }: Page,
): Promise<KnativeService[]> => {
  const found: KnativeService[] = [];
  for await (const { items } of listPages(client, services, { namespace, labelSelector: selectorOf(filter) })) {
    found.push(...items.filter((service) => service.metadata.name > cursor && matches(service, filter)));
    if (found.length > limit) break;
  }
  return found.slice(0, limit + 1);
};

/** By name, of those up to `last`; nothing else of a trigger is kept. Together, since one after the other costs a request for each function. */
const readyTriggers = async (
  client: KubernetesClient,
  namespace: string,
  filter: FunctionFilter,
  last: string,
): Promise<ReadonlySet<string>> => {
  const ready = new Set<string>();
  for await (const { items } of listPages(client, triggers, { namespace, labelSelector: selectorOf(filter) })) {
    for (const trigger of items) if (isTriggerReady(trigger)) ready.add(trigger.metadata.name);
    if ((items.at(-1)?.metadata.name ?? '') >= last) break;
  }
  return ready;
};

/** Replicas cost a request for each function. A longer page nobody looks at: it is the sweep's. */
const longestCounted = 100;

export const stateOf = async (client: KubernetesClient, service: KnativeService): Promise<FunctionState | undefined> => {
  const { name, namespace = '' } = service.metadata;
  const [trigger, revision] = await Promise.all([get(client, triggers, { namespace, name }), readRevision(client, service)]);
  return functionState(service, isTriggerReady(trigger), replicasOf(revision));
};

export const listFunctions = async (
  client: KubernetesClient,
  namespace: string,
  filter: FunctionFilter,
  page: Page,
): Promise<Listed<FunctionState>> => {
  const found = await readServices(client, namespace, filter, page);
  const shown = found.slice(0, page.limit);
  const last = shown.at(-1)?.metadata.name;
  if (last === undefined) return { items: [] };
  const ready = await readyTriggers(client, namespace, filter, last);
  const states = await Promise.all(
    shown.map(async (service) => {
      const replicas = page.limit > longestCounted ? undefined : replicasOf(await readRevision(client, service));
      return functionState(service, ready.has(service.metadata.name), replicas);
    }),
  );
  const items = states.filter((state) => state !== undefined);
  return found.length > shown.length ? { items, cursor: last } : { items };
};
