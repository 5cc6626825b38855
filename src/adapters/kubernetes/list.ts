// Objects of a kind, a page at a time, so that ten thousand of them are never in memory at once.
import type { KubernetesClient } from './client.ts';
import { unexpected } from './errors.ts';
import { pathOf, type KubernetesObject, type Resource } from './objects.ts';

export type Selection = { namespace: string; labelSelector?: string; fieldSelector?: string };
export type ListOptions = Selection & { pageSize?: number; signal?: AbortSignal };

/** `resourceVersion`: of the list as a whole, where a watch goes on. */
export type ObjectPage<T> = { items: T[]; resourceVersion: string };

type ObjectList<T> = { items?: T[]; metadata?: { resourceVersion?: string; continue?: string } };

const defaultPageSize = 250;

/** Lists leave out what each item is, since all are of one kind. */
const named = <T extends KubernetesObject>(of: Resource<T>, item: T): T => ({
  ...item,
  apiVersion: of.apiVersion,
  kind: of.kind,
});

/**
 * By name, ascending: the only order that the API has. All pages are of one moment. When that moment is forgotten before the last page
 * (after some five minutes), the rest is of a newer one: nothing comes twice, and what was there all the time is not left out.
 */
export async function* listPages<T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  { namespace, labelSelector, fieldSelector, pageSize = defaultPageSize, signal }: ListOptions,
): AsyncGenerator<ObjectPage<T>, void, undefined> {
  let next: string | undefined;
  do {
    const query = { labelSelector, fieldSelector, limit: pageSize, continue: next };
    const answer = await client.call<ObjectList<T>>({
      method: 'GET',
      path: pathOf(of, namespace),
      query,
      ...(signal && { signal }),
    });
    if (!answer.ok) {
      if (answer.refusal.reason !== 'expired' || answer.refusal.next === undefined) throw unexpected(answer.refusal);
      next = answer.refusal.next;
      continue;
    }
    const { items = [], metadata = {} } = answer.value;
    yield { items: items.map((item) => named(of, item)), resourceVersion: metadata.resourceVersion ?? '' };
    next = metadata.continue === '' ? undefined : metadata.continue;
  } while (next !== undefined);
}

/** For few objects: all at once, and the version from which a watch tells of every later change. */
export const listAll = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  options: ListOptions,
): Promise<ObjectPage<T>> => {
  const items: T[] = [];
  let first: string | undefined;
  for await (const page of listPages(client, of, options)) {
    items.push(...page.items);
    // The first page's: what changed while the later ones were read comes again in the watch rather than not at all.
    first ??= page.resourceVersion;
  }
  return { items, resourceVersion: first ?? '' };
};
