// Server-side apply: we say what we want of an object, the server merges it with what others want and remembers whose each field is.
import type { KubernetesClient } from './client.ts';
import { unexpected } from './errors.ts';
import { pathOf, type KubernetesObject, type Resource } from './objects.ts';
import { strictly } from './verbs.ts';

export type Applied<T> = { outcome: 'created' | 'applied'; object: T } | { outcome: 'conflict' | 'absent' };

/**
 * Fields that others have set and we want otherwise become ours: what the platform declares is what holds. With a `resourceVersion`
 * in `metadata` the outcome is `conflict` when the object has changed since, and `absent` when it is gone.
 */
export const apply = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  namespace: string,
  body: Omit<T, 'status'>,
): Promise<Applied<T>> => {
  const { name } = (body as KubernetesObject).metadata;
  const answer = await client.call<T>({
    method: 'PATCH',
    path: pathOf(of, namespace, name),
    query: { ...strictly, force: true },
    // JSON is YAML; JSON by its own media type is understood only since 1.32.
    contentType: 'application/apply-patch+yaml',
    body,
  });
  if (answer.ok) return { outcome: answer.created ? 'created' : 'applied', object: answer.value };
  const { reason } = answer.refusal;
  if (reason === 'conflict' || reason === 'absent') return { outcome: reason };
  throw unexpected(answer.refusal);
};
