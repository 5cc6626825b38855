// Letters per second, of the consumer and of a bare loop over the same queues, in turns.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from '../support/cores.ts';
import { median } from '../support/median.ts';
import { cpuSeconds } from '../support/process-facts.ts';
import type { Row } from '../support/report.ts';
import { startBare, startConsumer, type Contestant, type Surroundings } from './contestants.ts';
import { letterFor } from './letters.ts';
import { openQueues, type RoundQueues } from './queues.ts';
import type { Sink } from './sink.ts';

type Speed = { perSecond: number; cpuMicroseconds: number };
type Start = (surroundings: Surroundings) => Promise<Contestant>;
export type Effort = { rounds: number; letters: number };

type Course = {
  what: string;
  bare: string;
  letter: ReturnType<typeof letterFor>;
  startBare: Start;
  /** Resolves with the speed once so many letters are through. */
  through: (queues: RoundQueues, count: number, begin: () => void) => Promise<number>;
};

const measure = async ({ letter, through }: Course, start: Start, url: string, sink: Sink, letters: number): Promise<Speed> => {
  const queues = await openQueues(url, `bench-${process.hrtime.bigint()}`);
  await queues.fill(letters, letter);
  // What the broker still writes down is not part of the race.
  await sleep(1_000);
  const contestant: { started?: Contestant } = {};
  let cpuBefore = 0;
  const finished = through(
    queues,
    letters,
    () => (cpuBefore = contestant.started === undefined ? 0 : cpuSeconds(contestant.started.pid)),
  );
  contestant.started = await start({ amqpUrl: url, names: queues.names, sink: sink.address });
  const perSecond = await finished;
  const cpuMicroseconds = ((cpuSeconds(contestant.started.pid) - cpuBefore) / (letters * 0.8)) * 1e6;
  await contestant.started.stop();
  await queues.remove();
  return { perSecond, cpuMicroseconds };
};

const mediansOf = (speeds: readonly Speed[]): Speed => ({
  perSecond: median(speeds.map(({ perSecond }) => perSecond)),
  cpuMicroseconds: median(speeds.map(({ cpuMicroseconds }) => cpuMicroseconds)),
});

const shown = ({ perSecond, cpuMicroseconds }: Speed): string =>
  `${Math.round(perSecond)}/s, ${Math.round(cpuMicroseconds)} µs cpu`;

const rowOf = ({ what, bare }: Course, mine: Speed, theirs: Speed): Row => ({
  bench: 'dlq',
  what,
  medians: shown(mine),
  comparisons: [{ against: `${bare}: ${shown(theirs)}`, ratio: mine.perSecond / theirs.perSecond, atLeast: 0.7 }],
});

export const measureThroughput = async (cores: Cores, url: string, sink: Sink, { rounds, letters }: Effort): Promise<Row[]> => {
  const courses: Course[] = [
    {
      what: 'judged and parked',
      bare: 'bare loop: consume, publish, confirm, acknowledge',
      letter: letterFor(sink.address, 400),
      startBare: (where) => startBare(cores, 'bare-parking.ts', where),
      through: (queues, count, begin) => queues.emptied(count, begin),
    },
    {
      what: 'judged, delayed, redelivered',
      bare: 'bare loop: the same queues, then a POST',
      letter: letterFor(sink.address, 503),
      startBare: (where) => startBare(cores, 'bare-redelivery.ts', where),
      through: (_queues, count, begin) => sink.taken(count, begin),
    },
  ];
  const rows: Row[] = [];
  for (const course of courses) {
    const [mine, theirs]: [Speed[], Speed[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      theirs.push(await measure(course, course.startBare, url, sink, letters));
      mine.push(await measure(course, (where) => startConsumer(cores, where), url, sink, letters));
      console.error(`${course.what}: ${shown(mine.at(-1) as Speed)}; bare ${shown(theirs.at(-1) as Speed)}`);
    }
    rows.push(rowOf(course, mediansOf(mine), mediansOf(theirs)));
  }
  return rows;
};
