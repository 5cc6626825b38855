// Every change of the objects selected, for as long as the signal allows: over watches that end, API servers that restart, and
// versions that are forgotten.
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseAfter } from '../../ops/until-done.ts';
import type { KubernetesClient } from './client.ts';
import { unavailable, unexpected } from './errors.ts';
import { listAll, type Selection } from './list.ts';
import { pathOf, type KubernetesObject, type ObjectMeta, type Resource } from './objects.ts';

/** `listed`: all there is now, at the start and whenever changes may have been missed; what is not among it is gone. */
export type Change<T> = { type: 'listed'; objects: T[] } | { type: 'changed' | 'deleted'; object: T };

export type WatchOptions = Selection & {
  signal: AbortSignal;
  /** Told of each failure; the watch goes on by itself. */
  failed?: (thrown: unknown) => void;
};

/** The server ends a watch after this, so that one that was forgotten on the way does not stay. */
const watchSeconds = 290;
const pauses = { first: 100, longest: 5_000 };
const maxLineBytes = 4 * 2 ** 20;

async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > maxLineBytes) throw new Error(`A line of a watch is longer than ${maxLineBytes} bytes`);
  }
}

type WatchEvent = { type: string; object: { metadata?: Partial<ObjectMeta>; code?: number } };

/** The versions it knows are forgotten: 410, on the way in or as an event of the watch. */
class Expired extends Error {}

const eventIn = (line: string): WatchEvent => {
  const event = JSON.parse(line) as WatchEvent;
  if (event.type !== 'ERROR') return event;
  if (event.object.code === 410) throw new Expired();
  throw unavailable(new Error(`A watch ended with ${line.slice(0, 1_000)}`));
};

/** One watch, from a version on. `seen` is told of each later version, also of those that change nothing that was selected. */
async function* watchOnce<T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  { namespace, labelSelector, fieldSelector, signal }: WatchOptions,
  resourceVersion: string,
  seen: (version: string) => void,
): AsyncGenerator<Change<T>, void, undefined> {
  const query = {
    labelSelector,
    fieldSelector,
    watch: true,
    allowWatchBookmarks: true,
    timeoutSeconds: watchSeconds,
    resourceVersion,
  };
  // A server that does not even end the watch in time is gone.
  const patience = AbortSignal.any([signal, AbortSignal.timeout((watchSeconds + 15) * 1000)]);
  const opened = await client.open({ method: 'GET', path: pathOf(of, namespace), query, signal: patience });
  if (!opened.ok) throw opened.refusal.reason === 'expired' ? new Expired() : unexpected(opened.refusal);
  for await (const line of linesOf(opened.response)) {
    const { type, object } = eventIn(line);
    const change = { object: object as T };
    if (type === 'ADDED' || type === 'MODIFIED') yield { type: 'changed', ...change };
    else if (type === 'DELETED') yield { type: 'deleted', ...change };
    // After it was taken: what its consumer did not see comes again.
    if (object.metadata?.resourceVersion !== undefined) seen(object.metadata.resourceVersion);
  }
}

/** Ends when the signal fires, and only then. */
export async function* watch<T extends KubernetesObject>(
  client: KubernetesClient,
  of: Resource<T>,
  options: WatchOptions,
): AsyncGenerator<Change<T>, void, undefined> {
  const { signal } = options;
  let version: string | undefined;
  let failures = 0;
  const seen = (newer: string): void => {
    version = newer;
    failures = 0;
  };
  while (!isAborted(signal)) {
    try {
      if (version === undefined) {
        const { items, resourceVersion } = await listAll(client, of, options);
        yield { type: 'listed', objects: items };
        seen(resourceVersion);
      }
      yield* watchOnce(client, of, options, version ?? '', seen);
    } catch (thrown) {
      if (isAborted(signal)) return;
      if (thrown instanceof Expired) version = undefined;
      else options.failed?.(thrown);
      failures++;
    }
    // Also after one that ended in order: a server that ends every watch at once is not asked in a circle.
    await sleep(pauseAfter(Math.max(failures, 1), pauses), undefined, { signal }).catch(() => undefined);
  }
}

/** The compiler takes what it was before for what it is after waiting. */
const isAborted = (signal: AbortSignal): boolean => signal.aborted;
