// What a build costs the API server: the calls of the builder and of the monitor, from the event to the function that has it.
import { setTimeout as sleep } from 'node:timers/promises';
import { putSource } from '../support/cluster/installation.ts';
import { archiveOf } from '../support/cluster/source-archive.ts';
import type { Row } from '../support/report.ts';
import { refNumber, send, sourceKeyOf } from './build-event.ts';
import type { BenchSite } from './site.ts';

const patienceMs = 60_000;

/** Nothing is asked any more. */
const untilQuiet = async (site: BenchSite): Promise<void> => {
  do await sleep(1_500);
  while (site.broker.owed() > 0);
};

const rowOf = (what: string, counts: Map<string, number>, builds: number, who: string): Row => {
  const own = [...counts].filter(([name]) => name.startsWith(who)).sort(([, one], [, other]) => other - one);
  const each = (count: number): string => (count / builds).toFixed(1);
  const total = own.reduce((sum, [, count]) => sum + count, 0);
  return {
    bench: 'cluster',
    what: `${what}, by the ${who}`,
    medians: `${each(total)}: ${own.map(([name, count]) => `${each(count)} ${name.slice(who.length + 1)}`).join(', ')}`,
  };
};

/** A parser.start for a function that is not there, one after the other: kept, built, deployed, handed over. */
export const measureCalls = async (site: BenchSite, builds: number): Promise<Row[]> => {
  const builder = await site.startBuilder();
  const node = await site.startNode();
  await untilQuiet(site);
  site.proxy.take();
  for (let n = 0; n < builds; n++) {
    const ref = refNumber('calls', n);
    await putSource(site.s3, sourceKeyOf(ref), await archiveOf(ref.function, 0));
    const { status } = await send(builder.address, 'parser.start', ref);
    if (status !== 202) throw new Error(`The event was answered ${status}`);
    const begun = performance.now();
    while (!site.handed.has(`${ref.function}-parser.start`)) {
      if (performance.now() - begun > patienceMs) throw new Error(`${ref.function} was not built`);
      await sleep(50);
    }
  }
  await untilQuiet(site);
  const built = site.proxy.take();
  for (let n = 0; n < builds; n++) await send(builder.address, 'build.start', refNumber('calls', n));
  const repeated = site.proxy.take();
  await builder.stop();
  await node.close();
  return [
    rowOf('API calls per build, event to function', built, builds, 'builder'),
    rowOf('API calls per build, event to function', built, builds, 'monitor'),
    rowOf('API calls per duplicate of a function that is deployed', repeated, builds, 'builder'),
  ];
};
