// One core for the server, another for the load: without that, a run measures the scheduler.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const serverCore = '0';
const loadCore = '1';

export interface Cores {
  readonly pinned: boolean;
  /** a command that runs on the server's core */
  readonly onServerCore: (command: readonly [string, ...string[]]) => [string, ...string[]];
}

export function chooseCores(): Cores {
  const has = availableParallelism() >= 2 && spawnSync('taskset', ['-p', '-c', loadCore, String(process.pid)]).status === 0;
  return {
    pinned: has,
    onServerCore: ([name, ...rest]) => (has ? ['taskset', '-c', serverCore, name, ...rest] : [name, ...rest]),
  };
}
