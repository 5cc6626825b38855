// Builds newest first, out of jobs that the API lists by name only: every page is looked through, and of all builds only those that
// will be shown are kept.
import type { Build } from '../../../core/build.ts';
import { compareBuilds, cursorOf, matchesFilter, positionOf } from '../../../core/build-order.ts';
import { labelValue } from '../../../core/function.ts';
import type { BuildFilter, Listed, Page } from '../../../ports.ts';
import type { KubernetesClient } from '../client.ts';
import { listPages } from '../list.ts';
import { allBuilds, annotations } from './job-labels.ts';
import { jobs } from './objects.ts';
import { buildOf } from './read-job.ts';

/** Labels are cut and in lower case, so that they select a little more than what is asked for. */
const selectorOf = ({ tenant, function: name, contentHash }: BuildFilter): string =>
  [
    allBuilds,
    ...(tenant === undefined ? [] : [`${annotations.tenant}=${labelValue(tenant)}`]),
    ...(name === undefined ? [] : [`${annotations.function}=${labelValue(name)}`]),
    ...(contentHash === undefined ? [] : [`${annotations.contentHash}=${labelValue(contentHash)}`]),
  ].join(',');

/** The first ones in the order of the list, of all that are offered. */
const createFirst = (count: number): { items: Build[]; offer: (build: Build) => void } => {
  const items: Build[] = [];
  return {
    items,
    offer: (build) => {
      const last = items.at(-1);
      if (items.length >= count && last !== undefined && compareBuilds(build, last) >= 0) return;
      const before = items.findIndex((other) => compareBuilds(build, other) < 0);
      items.splice(before === -1 ? items.length : before, 0, build);
      if (items.length > count) items.pop();
    },
  };
};

export const listBuilds = async (
  client: KubernetesClient,
  namespace: string,
  filter: BuildFilter,
  page: Page,
): Promise<Listed<Build>> => {
  const from = page.cursor === undefined ? undefined : positionOf(page.cursor);
  // One more than asked for tells whether there is another page.
  const first = createFirst(page.limit + 1);
  for await (const { items } of listPages(client, jobs, { namespace, labelSelector: selectorOf(filter) })) {
    for (const job of items) {
      const build = buildOf(job);
      if (build === undefined || !matchesFilter(build, filter)) continue;
      if (from === undefined || compareBuilds(build, from) > 0) first.offer(build);
    }
  }
  const items = first.items.slice(0, page.limit);
  const last = items.at(-1);
  return first.items.length > page.limit && last !== undefined ? { items, cursor: cursorOf(last) } : { items };
};
