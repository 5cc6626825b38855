// How long builds took and how they ended, where nobody but their completions tells of it.
import type { Build, EndStatus } from '../core/build.ts';
import type { BuilderMetrics } from './metrics.ts';

export type MeasureBuild = (build: Build, outcome: EndStatus, endedAt: number | undefined) => void;

/** Ends that are remembered. Copies of a completion come soon after each other. */
const most = 10_000;

/** @param ended is told once of each end, however often this process hears of it; undefined where the adapters measure their builds */
export const createMeasureBuild = (ended: BuilderMetrics['buildEnded'] | undefined): MeasureBuild => {
  const known = new Set<string>();
  return ({ buildId, attempt, createdAt, runtime, startedAt }, outcome, endedAt) => {
    const name = `${buildId} ${attempt} ${createdAt}`;
    if (ended === undefined || known.has(name)) return;
    if (known.size >= most) known.clear();
    known.add(name);
    // One that was cancelled before it began took no time; the clocks are those of several machines.
    const took = startedAt === undefined || endedAt === undefined ? undefined : Math.max(0, endedAt - startedAt) / 1000;
    ended(runtime, outcome, took);
  };
};
