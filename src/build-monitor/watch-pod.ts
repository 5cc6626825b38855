// The pod as it is, and then every change of it, for as long as it takes: a watch that ends, breaks or is refused is opened again.
// Without a resourceVersion a watch begins with the present state (Kubernetes API concepts, "Semantics for watch"), so there is no
// list before it, and no version that could be too old.
import { setTimeout as sleep } from 'node:timers/promises';
import { pauseAfter } from '../ops/until-done.ts';
import { ApiRefusal, type ApiServer } from './api-server.ts';
import type { Pod } from './pod.ts';

type Change = { type: string; object: Pod & { code?: number; message?: string } };

/** The server ends a watch after this, so that one that was forgotten on the way does not stay. */
const watchSeconds = 240;
const pauses = { first: 250, longest: 5_000 };

const podIn = (line: string): Pod | undefined => {
  const { type, object } = JSON.parse(line) as Change;
  if (type === 'ERROR') throw new ApiRefusal(object.code ?? 0, object.message ?? 'the watch has ended');
  return type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED' ? object : undefined;
};

export const watchPath = (namespace: string, pod: string): string =>
  `/api/v1/namespaces/${namespace}/pods?${new URLSearchParams({
    watch: 'true',
    fieldSelector: `metadata.name=${pod}`,
    timeoutSeconds: String(watchSeconds),
  }).toString()}`;

/** Asked again after a wait, during which it may have fired. */
const isOver = (signal: AbortSignal): boolean => signal.aborted;

/** Ends only by the signal. @param failed called for each failure, with how many there were in a row */
export async function* watchPod(
  api: Pick<ApiServer, 'lines'>,
  path: string,
  signal: AbortSignal,
  failed: (thrown: unknown, failures: number) => void,
): AsyncGenerator<Pod> {
  let failures = 0;
  while (!isOver(signal)) {
    try {
      for await (const line of api.lines(path, { maxLineBytes: 2 ** 20, idleMs: (watchSeconds + 15) * 1000, signal })) {
        const pod = podIn(line);
        failures = 0;
        if (pod !== undefined) yield pod;
      }
      // Ended in order, or by a server that ends every watch at once: not to be opened again in a circle.
      failures = Math.max(failures, 1);
    } catch (thrown) {
      if (isOver(signal)) return;
      failed(thrown, ++failures);
    }
    await sleep(pauseAfter(failures, pauses), undefined, { signal }).catch(() => undefined);
  }
}
