// What is measured runs on one core, what measures it on the other: without that, a run measures the scheduler.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export type Cores = {
  pinned: boolean;
  /** The command as one that runs on the core of what is measured. */
  onMeasured(command: readonly string[]): string[];
};

const measuredCore = '0';
const ownCore = '1';

/** Moves this process to its core for good. Without two cores and `taskset` nothing is pinned, and the report says so. */
export const chooseCores = (): Cores => {
  const pinned = availableParallelism() >= 2 && spawnSync('taskset', ['-apc', ownCore, String(process.pid)]).status === 0;
  return { pinned, onMeasured: (command) => (pinned ? ['taskset', '-c', measuredCore, ...command] : [...command]) };
};
