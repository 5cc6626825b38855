// The last lines that the build has printed: for whoever looks at the job, and a hint at what it is about to do.
import { builderContainer, readableLines, type Phase } from '../core/build-progress.ts';
import type { ApiServer } from './api-server.ts';

const maxTail = 2_048;
const query = new URLSearchParams({ container: builderContainer, tailLines: '20', limitBytes: '65536' }).toString();

/** From its end, whole lines while they fit. */
const cut = (text: string): string => {
  if (text.length <= maxTail) return text;
  const tail = text.slice(-maxTail);
  const lineEnd = tail.indexOf('\n');
  return (lineEnd === -1 ? tail : tail.slice(lineEnd + 1)).toWellFormed();
};

export type ReadTail = (signal: AbortSignal) => Promise<string>;

/** Rejects when there is no log yet, or none any more. */
export const createReadTail =
  (api: Pick<ApiServer, 'get'>, namespace: string, pod: string): ReadTail =>
  async (signal) => {
    const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?${query}`;
    const log = await api.get(path, { maxBytes: 2 ** 17, timeoutMs: 5_000, signal });
    return cut(readableLines(log.toString('utf8')).trim());
  };

/** Kaniko's own words for its last step. A build may print them too; all that it changes is what a person reads meanwhile. */
export const phaseIn = (tail: string): Phase => (/^INFO\[\d+\] Pushing image to /m.test(tail) ? 'pushing' : 'building');
