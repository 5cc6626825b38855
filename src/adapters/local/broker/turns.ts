// At most so many tasks at once for each key; the rest in order. One trigger's slow subscriber takes nothing from another's.

export type Turns = {
  add(key: string, task: () => Promise<void>): void;
  /** Begins no task more. */
  stop(): void;
  /** Resolves when no task runs. */
  idle(): Promise<void>;
};

/** @param parallelism tasks of one key that run at once */
export const createTurns = (parallelism: number): Turns => {
  const lanes = new Map<string, { running: number; waiting: (() => Promise<void>)[] }>();
  const running = new Set<Promise<void>>();
  let stopped = false;

  const next = (key: string): void => {
    const lane = lanes.get(key);
    if (lane === undefined || stopped) return;
    if (lane.running === 0 && lane.waiting.length === 0) return void lanes.delete(key);
    while (lane.running < parallelism) {
      const task = lane.waiting.shift();
      if (task === undefined) return;
      lane.running++;
      const done: Promise<void> = task().finally(() => {
        running.delete(done);
        lane.running--;
        next(key);
      });
      running.add(done);
    }
  };

  return {
    add: (key, task) => {
      if (stopped) return;
      const lane = lanes.get(key) ?? { running: 0, waiting: [] };
      lane.waiting.push(task);
      lanes.set(key, lane);
      next(key);
    },
    stop: () => void (stopped = true),
    idle: async () => {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
};
