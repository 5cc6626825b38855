// How many duplicates a builder answers: of a function that is deployed, and of a build that is under way.
import { load } from '../door/load.ts';
import { putSource } from '../support/cluster/installation.ts';
import { archiveOf } from '../support/cluster/source-archive.ts';
import type { Row } from '../support/report.ts';
import { headersOf, refNumber, send, sourceKeyOf } from './build-event.ts';
import type { BenchSite } from './site.ts';

/** @param deployed number of a function that `measureCalls` has built */
export const measureDuplicates = async (site: BenchSite, deployed: number, seconds: number): Promise<Row[]> => {
  const builder = await site.startBuilder();
  const waiting = refNumber('waiting', 0);
  await putSource(site.s3, sourceKeyOf(waiting), await archiveOf(waiting.function, 0));
  await send(builder.address, 'build.start', waiting);
  const rows: Row[] = [];
  for (const [what, ref] of [
    ['of a deployed function', refNumber('calls', deployed)],
    ['of a build under way', waiting],
  ] as const) {
    // Another id: what began the build is told the broker again.
    const headers = { ...headersOf('build.start', ref), 'ce-id': 'a-duplicate' };
    const message = { name: what, headers, body: '{}', status: 200 };
    const server = { url: builder.address, pid: builder.pid };
    await load(server, message, 200, 1);
    const { requestsPerSecond, cpuMicroseconds } = await load(server, message, 200, seconds);
    rows.push({
      bench: 'cluster',
      what: `duplicates ${what}, 100 at a time`,
      medians: `${requestsPerSecond.toFixed(0)}/s, ${(cpuMicroseconds / 1000).toFixed(1)} ms cpu`,
    });
  }
  await builder.stop();
  return rows;
};
