// What parked letters cost: memory from 1,000 to 50,000 of them, the time of a list, of a start, and the processor at rest.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from '../support/cores.ts';
import { cpuSeconds, peakBytes, residentBytes } from '../support/process-facts.ts';
import type { Row } from '../support/report.ts';
import { startConsumer, type Contestant } from './contestants.ts';
import { letterFor } from './letters.ts';
import { openQueues } from './queues.ts';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

const ask = async (contestant: Contestant, path: string): Promise<Record<string, unknown>> =>
  (await (await fetch(`${contestant.url}${path}`)).json()) as Record<string, unknown>;

const parked = async (contestant: Contestant, count: number): Promise<void> => {
  while ((await ask(contestant, '/dead-letters/stats').catch(() => ({ parked: 0 }))).parked !== count) await sleep(100);
};

const filters = [
  '',
  '&third_party_id=tenant-3',
  '&third_party_id=tenant-3&parser_id=parser-10',
  '&category=validation&older_than=1s',
  '&type=network.notifi.lambda.build.start',
  '&newer_than=7d&destination=nowhere',
];

/** The slowest of all pages of all lists. */
const slowestList = async (contestant: Contestant): Promise<number> => {
  let slowest = 0;
  for (const filter of filters) {
    let cursor: unknown = '';
    for (let page = 0; page < 50 && typeof cursor === 'string'; page++) {
      const begun = performance.now();
      ({ cursor } = await ask(contestant, `/dead-letters?limit=100${filter}${cursor === '' ? '' : `&cursor=${cursor}`}`));
      slowest = Math.max(slowest, performance.now() - begun);
    }
  }
  return slowest;
};

const restSeconds = 20;

/** Thousandths of a core, with Prometheus asking every five seconds. */
const atRest = async (contestant: Contestant): Promise<number> => {
  const before = cpuSeconds(contestant.pid);
  for (let n = 0; n < restSeconds / 5; n++) {
    await fetch(`${contestant.url}/metrics`).then((response) => response.text());
    await sleep(5_000);
  }
  return ((cpuSeconds(contestant.pid) - before) / restSeconds) * 1000;
};

export const measureParked = async (cores: Cores, url: string, sink: string): Promise<Row[]> => {
  const queues = await openQueues(url, `bench-${process.hrtime.bigint()}`);
  const surroundings = { amqpUrl: url, names: queues.names, sink };
  const letter = letterFor(sink, 400);
  let consumer = await startConsumer(cores, surroundings);
  const empty = residentBytes(consumer.pid);
  await queues.fill(1_000, letter);
  await parked(consumer, 1_000);
  const few = residentBytes(consumer.pid);
  await queues.fill(49_000, (n) => letter(n + 1_000));
  await parked(consumer, 50_000);
  const many = residentBytes(consumer.pid);
  const peak = peakBytes(consumer.pid);
  const slowest = await slowestList(consumer);
  await consumer.stop();
  const begun = performance.now();
  consumer = await startConsumer(cores, surroundings);
  await parked(consumer, 50_000);
  const loaded = performance.now() - begun;
  const millicores = await atRest(consumer);
  const rest = residentBytes(consumer.pid);
  await consumer.stop();
  await queues.remove();
  const memory = [`empty ${mebibytes(empty)}`, `1,000 ${mebibytes(few)}`, `50,000 ${mebibytes(many)}`, `peak ${mebibytes(peak)}`];
  return [
    {
      bench: 'dlq',
      what: 'resident memory, by parked letters',
      medians: memory.join(', '),
      comparisons: [{ against: '128 MiB', ratio: peak / (128 * 2 ** 20), atMost: 1 }],
    },
    {
      bench: 'dlq',
      what: 'slowest page of any list over 50,000',
      medians: `${slowest.toFixed(0)} ms`,
      comparisons: [{ against: '1 s', ratio: slowest / 1_000, atMost: 1 }],
    },
    { bench: 'dlq', what: 'start until 50,000 are indexed', medians: `${(loaded / 1000).toFixed(1)} s` },
    {
      bench: 'dlq',
      what: 'at rest, 50,000 parked',
      medians: `${millicores.toFixed(0)}m cpu, ${mebibytes(rest)}`,
      comparisons: [{ against: '100m', ratio: millicores / 100, atMost: 1 }],
    },
  ];
};
