// Interleaved: one start of each, then one of each again. A machine that is busy for a while is busy for all of them.
import autocannon from 'autocannon';
import { event, type Contestant, type Startable } from './contestant.ts';
import type { Cores } from './cores.ts';
import { processorMilliseconds, residentMegabytes } from './process-tree.ts';
import { startContestant } from './process.ts';

export interface Effort {
  readonly starts: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

export interface Measured {
  readonly contestant: Contestant;
  readonly coldStartMs: number;
  readonly coldStartProcessorMs: number;
  readonly requestsPerSecond: number;
  readonly processorUsPerRequest: number;
  readonly p99Ms: number;
  readonly residentMb: number;
  readonly failures: number;
}

export type Prepared = readonly [Contestant, Startable];

interface Start {
  readonly ms: number;
  readonly processorMs: number;
}

interface Load {
  readonly requestsPerSecond: number;
  readonly processorUsPerRequest: number;
  readonly p99Ms: number;
  readonly residentMb: number;
  readonly failures: number;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

async function coldStart([{ name }, startable]: Prepared, cores: Cores): Promise<Start> {
  const running = await startContestant(name, startable, cores);
  await running.stop();
  return { ms: running.firstReplyMs, processorMs: running.firstReplyProcessorMs };
}

async function load([{ name }, startable]: Prepared, cores: Cores, { connections, seconds }: Effort): Promise<Load> {
  const running = await startContestant(name, startable, cores);
  try {
    const url = `http://127.0.0.1:${running.port}`;
    const shared = { url, connections, method: 'POST' as const, headers: event.headers, body: event.body };
    await autocannon({ ...shared, duration: Math.min(2, seconds) }); // what the first requests pay for is not the question here
    const before = processorMilliseconds(running.pid);
    const result = await autocannon({ ...shared, duration: seconds });
    const used = processorMilliseconds(running.pid) - before;
    const failures = result.errors + result.timeouts + result.non2xx;
    return {
      requestsPerSecond: result.requests.average,
      processorUsPerRequest: (used * 1000) / result.requests.total,
      p99Ms: result.latency.p99,
      residentMb: residentMegabytes(running.pid),
      failures,
    };
  } finally {
    await running.stop();
  }
}

async function repeat<T>(
  times: number,
  prepared: readonly Prepared[],
  work: (one: Prepared) => Promise<T>,
): Promise<Map<Contestant, T[]>> {
  const results = new Map<Contestant, T[]>(prepared.map(([contestant]) => [contestant, []]));
  for (let round = 0; round < times; round += 1) {
    for (const one of prepared) results.get(one[0])?.push(await work(one));
  }
  return results;
}

export async function measure(prepared: readonly Prepared[], cores: Cores, effort: Effort): Promise<Measured[]> {
  for (const one of prepared) await coldStart(one, cores); // from the disk into the page cache
  const starts = await repeat(effort.starts, prepared, (one) => coldStart(one, cores));
  const loads = await repeat(effort.rounds, prepared, (one) => load(one, cores, effort));
  return prepared.map(([contestant]) => {
    const begun = starts.get(contestant) ?? [];
    const runs = loads.get(contestant) ?? [];
    return {
      contestant,
      coldStartMs: median(begun.map((start) => start.ms)),
      coldStartProcessorMs: median(begun.map((start) => start.processorMs)),
      requestsPerSecond: median(runs.map((run) => run.requestsPerSecond)),
      processorUsPerRequest: median(runs.map((run) => run.processorUsPerRequest)),
      p99Ms: median(runs.map((run) => run.p99Ms)),
      residentMb: median(runs.map((run) => run.residentMb)),
      failures: runs.reduce((sum, run) => sum + run.failures, 0),
    };
  });
}
