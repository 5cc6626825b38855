// From an event to its job: how long a sender waits for the 202.
import { putSource } from '../support/cluster/installation.ts';
import { archiveOf } from '../support/cluster/source-archive.ts';
import type { Row } from '../support/report.ts';
import { refNumber, send, sourceKeyOf } from './build-event.ts';
import type { BenchSite } from './site.ts';

const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;

/** One after the other in so many lanes. */
const measure = async (site: BenchSite, address: string, series: string, count: number, lanes: number): Promise<Row> => {
  for (let n = 0; n < count; n++) {
    const ref = refNumber(series, n);
    await putSource(site.s3, sourceKeyOf(ref), await archiveOf(ref.function, 0));
  }
  const times: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) {
      const { status, ms } = await send(address, 'build.start', refNumber(series, n));
      if (status !== 202) throw new Error(`The event was answered ${status}`);
      times.push(ms);
    }
  };
  const begun = performance.now();
  await Promise.all(Array.from({ length: lanes }, lane));
  const seconds = (performance.now() - begun) / 1000;
  times.sort((one, other) => one - other);
  const shown = [0.5, 0.99].map((share) => `p${share * 100} ${percentile(times, share).toFixed(0)} ms`).join(', ');
  return {
    bench: 'cluster',
    what: `event to job accepted, ${lanes} at a time`,
    medians: `${shown}, ${(count / seconds).toFixed(0)}/s`,
  };
};

export const measureAcceptance = async (site: BenchSite, count: number): Promise<Row[]> => {
  const builder = await site.startBuilder();
  // The first ones are for the compilers.
  await measure(site, builder.address, 'warm', 50, 5);
  const rows = [
    await measure(site, builder.address, 'single', count, 1),
    await measure(site, builder.address, 'parallel', count, 20),
  ];
  await builder.stop();
  return rows;
};
