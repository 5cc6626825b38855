// What a builder needs for 200 events at once with sources of 20 MB each, at the limit that its container has.
import { setTimeout as sleep } from 'node:timers/promises';
import { putSource } from '../support/cluster/installation.ts';
import { archiveOf } from '../support/cluster/source-archive.ts';
import { peakBytes, residentBytes } from '../support/process-facts.ts';
import type { Row } from '../support/report.ts';
import { refNumber, send, sourceKeyOf } from './build-event.ts';
import { createMemoryLimit, limitBytes } from './memory-limit.ts';
import type { BenchSite } from './site.ts';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** Asks again for as long as the answer is "not now". @returns how often */
const sendUntilTaken = async (address: string, n: number): Promise<number> => {
  for (let putOff = 0; ; putOff++) {
    const { status, body, retryAfterMs } = await send(address, 'build.start', refNumber('large', n));
    if (status < 300) return putOff;
    if (status !== 503 && status !== 429) throw new Error(`The event was answered ${status} ${body.code ?? ''}`);
    await sleep(retryAfterMs);
  }
};

export const measureMemory = async (site: BenchSite, events: number): Promise<Row[]> => {
  for (let n = 0; n < events; n++) {
    const ref = refNumber('large', n);
    await putSource(site.s3, sourceKeyOf(ref), await archiveOf(ref.function, 20_000_000));
  }
  // The limits of the object store and of packing as they are by default.
  const settings = { STORAGE_REQUESTS_PER_SECOND: '50', STORAGE_REQUESTS_BURST: '100', MAX_CONCURRENT_BUILDS: '10' };
  const limit = await createMemoryLimit(limitBytes);
  const builder = await site.startBuilder(settings, limit?.command);
  const atRest = residentBytes(builder.pid);
  const begun = performance.now();
  const putOff = await Promise.all(Array.from({ length: events }, (_, n) => sendUntilTaken(builder.address, n)));
  const seconds = (performance.now() - begun) / 1000;
  const peak = peakBytes(builder.pid);
  const code = await builder.stop();
  await limit?.remove();
  const all = putOff.reduce((sum, count) => sum + count, 0);
  return [
    {
      bench: 'cluster',
      what: `memory, ${events} events of 20 MB at once${limit === undefined ? ', without a limit' : ', under 256 MiB'}`,
      medians: `at rest ${mebibytes(atRest)}, peak ${mebibytes(peak)}; all taken in ${seconds.toFixed(0)} s, put off ${all} times, exit ${code ?? 'by signal'}`,
      comparisons: [{ against: '256 MiB', ratio: peak / limitBytes, atMost: 1 }],
    },
  ];
};
