// Which queued build starts next. Pure: every replica that looks at the same jobs decides the same.

export type Queued = { buildId: string; tenant: string; /** 1 (first) to 10. */ priority: number; createdAt: number };
export type Running = { tenant: string };

const countByTenant = (running: readonly Running[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const { tenant } of running) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  return counts;
};

/**
 * The builds to start now, in order: by priority, then by how few the tenant has running, then by age.
 * Never more than `maxRunning - running.length`, nor than `maxStarts`.
 */
export const admit = (
  queued: readonly Queued[],
  running: readonly Running[],
  maxRunning: number,
  maxStarts = Infinity,
): Queued[] => {
  const counts = countByTenant(running);
  const waiting = [...queued];
  const admitted: Queued[] = [];
  const free = Math.min(maxRunning - running.length, maxStarts);
  while (admitted.length < free) {
    const next = first(waiting, counts);
    if (next === undefined) break;
    waiting.splice(waiting.indexOf(next), 1);
    counts.set(next.tenant, (counts.get(next.tenant) ?? 0) + 1);
    admitted.push(next);
  }
  return admitted;
};

const first = (waiting: readonly Queued[], counts: ReadonlyMap<string, number>): Queued | undefined => {
  let best: Queued | undefined;
  for (const candidate of waiting) {
    if (best === undefined || precedes(candidate, best, counts)) best = candidate;
  }
  return best;
};

const precedes = (one: Queued, other: Queued, counts: ReadonlyMap<string, number>): boolean => {
  const order =
    one.priority - other.priority ||
    (counts.get(one.tenant) ?? 0) - (counts.get(other.tenant) ?? 0) ||
    one.createdAt - other.createdAt;
  return order === 0 ? one.buildId < other.buildId : order < 0;
};
