// What is done to one object. Not there, there already, changed meanwhile: outcomes, which the caller decides on, not errors.
import type { Answer, KubernetesClient } from './client.ts';
import { unexpected, type Refusal } from './errors.ts';
import { pathOf, type KubernetesObject, type Resource } from './objects.ts';

/** Whose changes these are: server-side apply remembers it for every field. */
export const fieldManager = 'knative-lambda';

/** A field that the server does not know is a mistake of ours; without this it would be dropped without a word. */
export const strictly = { fieldManager, fieldValidation: 'Strict' } as const;

export type Place = { namespace: string; name: string };

const valueOr = <T, R extends Refusal['reason']>(answer: Answer<T>, ...outcomes: R[]): T | R => {
  if (answer.ok) return answer.value;
  const reason = outcomes.find((outcome) => outcome === answer.refusal.reason);
  if (reason === undefined) throw unexpected(answer.refusal);
  return reason;
};

export const get = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  { namespace, name }: Place,
  signal?: AbortSignal,
): Promise<T | undefined> => {
  const path = pathOf(of, namespace, name);
  const found = valueOr(await client.call<T>({ method: 'GET', path, ...(signal && { signal }) }), 'absent');
  return found === 'absent' ? undefined : found;
};

export const create = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  namespace: string,
  body: T,
): Promise<T | 'exists'> =>
  valueOr(await client.call<T>({ method: 'POST', path: pathOf(of, namespace), query: strictly, body }), 'exists');

/** The whole object. With the `resourceVersion` it was read with, `conflict` when it has changed since. */
export const replace = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  namespace: string,
  body: T,
): Promise<T | 'absent' | 'conflict'> => {
  const path = pathOf(of, namespace, body.metadata.name);
  return valueOr(await client.call<T>({ method: 'PUT', path, query: strictly, body }), 'absent', 'conflict');
};

/** RFC 6902. All of it or nothing; `test` is how a condition is stated. */
export type JsonPatch = readonly { op: 'add' | 'replace' | 'remove' | 'test'; path: string; value?: unknown }[];

/** The name of an annotation or a label as a part of a JSON pointer (RFC 6901). */
export const pointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');

/** `invalid`: a test did not hold, so nothing was changed. */
export const patch = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  { namespace, name }: Place,
  body: JsonPatch,
): Promise<T | 'absent' | 'conflict' | 'invalid'> => {
  const call = { method: 'PATCH', contentType: 'application/json-patch+json', query: strictly, body } as const;
  return valueOr(await client.call<T>({ ...call, path: pathOf(of, namespace, name) }), 'absent', 'conflict', 'invalid');
};

export type Removal = {
  /** Only this very object, and only with this very content: else `conflict`. */
  uid?: string;
  resourceVersion?: string;
  /** What belongs to it goes after it, or before it: then it stays, marked as deleted, until the last of that is gone. */
  propagation: 'Background' | 'Foreground';
};

export const remove = async <T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  { namespace, name }: Place,
  { propagation, ...preconditions }: Removal,
): Promise<'deleted' | 'absent' | 'conflict'> => {
  const body = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: propagation, preconditions };
  const answer = valueOr(
    await client.call<T>({ method: 'DELETE', path: pathOf(of, namespace, name), body }),
    'absent',
    'conflict',
  );
  return typeof answer === 'string' ? answer : 'deleted';
};
