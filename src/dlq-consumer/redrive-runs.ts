// Redrives of many letters: at a bounded rate, with progress, and with what became of them. A run lives in this process; the letters
// don't: what a run handed over before it died is delivered, the rest is still parked, and the run can be started again.
import { randomUUID } from 'node:crypto';
import type { LetterNews } from '../core/letter-flow.ts';
import type { Logger } from '../ops/logger.ts';
import type { DeadLetterQueue } from '../ports.ts';
import { createPace } from './pace.ts';

export type RedriveRun = {
  readonly id: string;
  readonly operator: string;
  readonly startedAt: number;
  endedAt?: number;
  readonly state: 'running' | 'handed_over' | 'ended' | 'cancelled' | 'failed';
  /** Letters that matched when it began. */
  readonly matched: number;
  /** Handed to delivery so far. */
  redriven: number;
  /** Not handed over: gone meanwhile, or without an event. */
  skipped: number;
  delivered: number;
  /** Taken by the broker, whose subscriber may still fail: one that comes back then is counted there instead. */
  handedToBroker: number;
  cameBack: number;
  /** The first of those that came back. */
  readonly returned: { id: string; category: string; reason: string }[];
  error?: string;
};

export type RedriveRuns = {
  start(ids: readonly string[], perSecond: number, operator: string): RedriveRun;
  get(id: string): RedriveRun | undefined;
  list(): RedriveRun[];
  cancel(id: string): boolean;
  onNews(news: LetterNews): void;
  close(): Promise<void>;
};

const maxRuns = 100;
const maxReturned = 100;

type Mutable = { -readonly [K in keyof RedriveRun]: RedriveRun[K] };
type Running = { run: Mutable; cancelled: AbortController; done: Promise<void> };

/** Everything that was handed over has come to an end. */
const settleIfComplete = (run: Mutable, now: number): void => {
  if (run.state !== 'handed_over' || run.delivered + run.handedToBroker + run.cameBack < run.redriven) return;
  run.state = 'ended';
  run.endedAt = now;
};

const handOver = async (
  queue: DeadLetterQueue,
  run: Mutable,
  ids: readonly string[],
  perSecond: number,
  signal: AbortSignal,
): Promise<void> => {
  const pace = createPace(perSecond);
  for (const id of ids) {
    await pace(signal);
    if ((await queue.redrive(id, run.id)) === 'redriven') run.redriven++;
    else run.skipped++;
  }
};

const follow = (run: Mutable, news: LetterNews, now: number): void => {
  // Held for its next attempt, in the order of its function: it is still under way.
  if (news.kind === 'parked' && news.held !== undefined) return;
  // It may be heard of before the broker's taking it is: then this is below zero for a moment.
  if (news.byBroker === true) run.handedToBroker--;
  if (news.kind === 'parked') {
    run.cameBack++;
    const { id, category, reason } = news.letter;
    if (run.returned.length < maxReturned) run.returned.push({ id, category, reason });
  } else if (news.departure === 'delivered') run.delivered++;
  else if (news.departure === 'handed_to_broker') run.handedToBroker++;
  settleIfComplete(run, now);
};

export const createRedriveRuns = (queue: DeadLetterQueue, logger: Logger, now: () => number): RedriveRuns => {
  const runs = new Map<string, Running>();

  const carryOut = async (run: Mutable, ids: readonly string[], perSecond: number, signal: AbortSignal): Promise<void> => {
    try {
      await handOver(queue, run, ids, perSecond, signal);
      run.state = 'handed_over';
      settleIfComplete(run, now());
    } catch (error) {
      run.state = signal.aborted ? 'cancelled' : 'failed';
      run.endedAt = now();
      if (!signal.aborted) run.error = error instanceof Error ? error.message : String(error);
    }
    const { id, operator, state, matched, redriven, skipped } = run;
    logger.info({ run: id, operator, state, matched, redriven, skipped }, 'redrive handed over');
  };

  return {
    start: (ids, perSecond, operator) => {
      const run: Mutable = {
        ...{ id: randomUUID(), operator, startedAt: now(), state: 'running', matched: ids.length },
        ...{ redriven: 0, skipped: 0, delivered: 0, handedToBroker: 0, cameBack: 0, returned: [] },
      };
      const cancelled = new AbortController();
      logger.info({ run: run.id, operator, matched: ids.length, per_second: perSecond }, 'redrive started');
      runs.set(run.id, { run, cancelled, done: carryOut(run, ids, perSecond, cancelled.signal) });
      const [oldest] = runs.keys();
      if (runs.size > maxRuns && oldest !== undefined && runs.get(oldest)?.run.endedAt !== undefined) runs.delete(oldest);
      return run;
    },
    get: (id) => runs.get(id)?.run,
    list: () => [...runs.values()].map(({ run }) => run).reverse(),
    cancel: (id) => {
      const running = runs.get(id);
      if (running?.run.state !== 'running') return false;
      running.cancelled.abort();
      return true;
    },
    onNews: (news) => {
      const run = news.run === undefined ? undefined : runs.get(news.run)?.run;
      if (run !== undefined) follow(run, news, now());
    },
    close: async () => {
      for (const { cancelled } of runs.values()) cancelled.abort();
      await Promise.all([...runs.values()].map(({ done }) => done));
    },
  };
};
