// How many replicas a function needs, which of them takes the next request, and when one that failed may be started again. Pure.

/** `target` is the load one replica is meant to carry, `concurrency` what it never exceeds. */
export type ScalingLimits = { readonly concurrency: number; readonly target: number; readonly maxReplicas: number };

/** @param load requests in hand and waiting */
export const replicasWanted = (load: number, { concurrency, target, maxReplicas }: ScalingLimits): number =>
  Math.min(maxReplicas, Math.ceil(load / Math.min(target, concurrency)));

const leastLoaded = <R extends { readonly inHand: number }>(replicas: readonly R[], concurrency: number): R | undefined => {
  let least: R | undefined;
  for (const replica of replicas) {
    if (replica.inHand < concurrency && (least === undefined || replica.inHand < least.inHand)) least = replica;
  }
  return least;
};

/**
 * The replica for the next request: the load is spread over the oldest that it needs, so that the surplus falls idle and ends.
 * @param ready in the order of their start
 */
export const chooseReplica = <R extends { readonly inHand: number }>(
  ready: readonly R[],
  load: number,
  limits: ScalingLimits,
): R | undefined => {
  const wanted = replicasWanted(load, limits);
  return leastLoaded(ready.slice(0, wanted), limits.concurrency) ?? leastLoaded(ready.slice(wanted), limits.concurrency);
};

/** Times in ms of one monotonic clock. */
export type Backoff = { readonly failures: number; readonly failedAt: number; readonly notBefore: number };

export const noBackoff: Backoff = { failures: 0, failedAt: -Infinity, notBefore: -Infinity };

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/** A replica that had been started before the last failure adds nothing: what kills ten at once is one failure. */
export const afterFailure = (backoff: Backoff, startedAt: number, now: number): Backoff => {
  if (startedAt <= backoff.failedAt) return backoff;
  const delay = Math.min(longestDelayMs, firstDelayMs * 2 ** backoff.failures);
  return { failures: backoff.failures + 1, failedAt: now, notBefore: now + delay };
};

export type Demand = {
  readonly load: number;
  readonly live: number;
  readonly starting: number;
  readonly backoff: Backoff;
  readonly now: number;
};

/** How many replicas to start at once. After a failure one goes first: fifty that can't start help nobody. */
export const startsNow = ({ load, live, starting, backoff, now }: Demand, limits: ScalingLimits): number => {
  if (now < backoff.notBefore) return 0;
  const missing = Math.max(0, replicasWanted(load, limits) - live);
  return backoff.failures === 0 ? missing : Math.min(missing, starting > 0 ? 0 : 1);
};
