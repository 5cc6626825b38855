// Functions by name, page by page. The API's own cursor is forgotten after minutes; ours is the last name of the page before, and stands
// while functions come and go.
import type { FunctionFilter, FunctionState, Listed, Page } from '../../../ports.ts';
import type { KubernetesClient } from '../client.ts';
import { listPages } from '../list.ts';
import { isOf, selectorOf, specIn } from './function-labels.ts';
import { services, triggers, type KnativeService } from './objects.ts';
import { readRevision } from './parts.ts';
import { functionState } from './state.ts';
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

export const stateOf = async (client: KubernetesClient, service: KnativeService): Promise<FunctionState | undefined> => {
  const { name, namespace = '' } = service.metadata;
  const [trigger, revision] = await Promise.all([get(client, triggers, { namespace, name }), readRevision(client, service)]);
  return functionState(service, trigger, revision);
};

export const listFunctions = async (
  client: KubernetesClient,
  namespace: string,
  filter: FunctionFilter,
  page: Page,
): Promise<Listed<FunctionState>> => {
  const found = await readServices(client, namespace, filter, page);
  const shown = found.slice(0, page.limit);
  const states = await Promise.all(shown.map((service) => stateOf(client, service)));
  const items = states.filter((state) => state !== undefined);
  const last = shown.at(-1);
  return found.length > shown.length && last !== undefined ? { items, cursor: last.metadata.name } : { items };
};
