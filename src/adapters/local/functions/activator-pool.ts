// The replicas of one function and the requests that wait for them: who is served next, what is started, what ends.
import { CodedError } from '../../../core/errors.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { FunctionSpec } from '../../../ports.ts';
import { createWaitingLine, type WaitingLine } from './activator-line.ts';
import { startReplica, type Replica, type ReplicaHandle } from './activator-replica.ts';
import { unavailable } from '../../../core/function-failures.ts';
import { afterFailure, chooseReplica, noBackoff, startsNow, type Backoff, type ScalingLimits } from './function-scaling.ts';
import type { Instance } from './instance.ts';

export type ActivatorOptions = ScalingLimits & {
  /** How long a replica may be idle. */
  readonly gracePeriodMs: number;
  readonly drainMs: number;
  /** How long a request waits for a replica. */
  readonly waitMs: number;
  /** How many requests may wait: each holds its body in memory. */
  readonly maxWaiting: number;
};

/** What an activator asks for, and what it tells, about replicas of a spec. */
export type ActivatorDeps = {
  start(revision: FunctionSpec): Promise<Instance>;
  ready(revision: FunctionSpec): void;
  failed(revision: FunctionSpec, reason: string): void;
  /** A request waited for this start, and no other replica was there. */
  coldStart(revision: FunctionSpec, seconds: number): void;
  /** A process more, or one less. */
  replicas(change: 1 | -1): void;
  readonly logger: Logger;
};

export type Pool = {
  readonly deps: ActivatorDeps;
  readonly options: ActivatorOptions;
  readonly line: WaitingLine<ReplicaHandle>;
  /** Every replica that has, or will have, a process; the draining ones as well. In the order of their start. */
  readonly replicas: Set<ReplicaHandle>;
  /** What replicas are started from. */
  revision: FunctionSpec;
  backoff: Backoff;
  /** Set once the pool is closed. */
  refusal?: Error;
  timer?: NodeJS.Timeout;
};

export const createPool = (revision: FunctionSpec, deps: ActivatorDeps, options: ActivatorOptions): Pool => ({
  deps,
  options,
  line: createWaitingLine(),
  replicas: new Set(),
  revision,
  backoff: noBackoff,
});

/** Those that serve, or will. */
export const liveOf = (pool: Pool): ReplicaHandle[] => [...pool.replicas].filter(({ phase }) => phase !== 'draining');
const readyOf = (pool: Pool): ReplicaHandle[] => [...pool.replicas].filter(({ phase }) => phase === 'ready');
const loadOf = (pool: Pool): number => liveOf(pool).reduce((sum, { inHand }) => sum + inHand, pool.line.size);

export const backoffLeftMs = (pool: Pool): number => pool.backoff.notBefore - performance.now();

export const doesNotStart = (pool: Pool): Error =>
  unavailable('The function does not start; its state says why', { retryAfterMs: backoffLeftMs(pool) });

const orTold = (pool: Pool, ended: Promise<void>): Promise<void> =>
  ended.catch((thrown: unknown) => {
    pool.deps.logger.error({ err: thrown }, 'a replica did not end cleanly');
  });

/** Also one that finishes already: then what it has in hand has only so long. */
export const retire = (pool: Pool, replica: ReplicaHandle): Promise<void> => orTold(pool, replica.retire(pool.options.drainMs));

/** It is followed by another, so nobody waits for its end. */
export const finish = (pool: Pool, replica: ReplicaHandle): Promise<void> => orTold(pool, replica.finish(pool.options.drainMs));

const failure = (pool: Pool, { startedAt }: Replica, message: string, fields: Record<string, unknown>): void => {
  pool.backoff = afterFailure(pool.backoff, startedAt, performance.now());
  pool.deps.logger.warn({ ...fields, failures: pool.backoff.failures }, message);
};

/** Starts a replica of the current revision and follows it until it is gone. */
export const startIn = (pool: Pool): void => {
  const { revision, deps } = pool;
  const replica = startReplica({
    start: () => deps.start(revision),
    free: () => pump(pool),
    ready: (_, seconds) => {
      if (pool.line.size > 0 && readyOf(pool).length === 1) deps.coldStart(revision, seconds);
      deps.logger.info({ seconds, replicas: liveOf(pool).length }, 'a replica is ready');
      deps.ready(revision);
      pump(pool);
    },
    failed: (started, cause) => {
      const reason = cause instanceof CodedError ? cause.message : 'The function could not be started';
      failure(pool, started, 'a replica did not start', cause instanceof CodedError ? { reason } : { err: cause });
      // While another one serves or starts, what waits may still be served.
      if (liveOf(pool).length > 0) return;
      deps.failed(revision, reason);
      pool.line.refuseAll(doesNotStart(pool));
    },
    crashed: (ended, how) => failure(pool, ended, 'a replica ended by itself', { how }),
  });
  pool.replicas.add(replica);
  deps.replicas(1);
  void replica.gone.then(() => {
    pool.replicas.delete(replica);
    deps.replicas(-1);
    pump(pool);
  });
};

const dispatch = (pool: Pool): void => {
  while (pool.line.size > 0) {
    const replica = chooseReplica(readyOf(pool), loadOf(pool), pool.options);
    if (replica === undefined) return;
    replica.take();
    pool.line.serve(replica);
  }
};

const scale = (pool: Pool, now: number): void => {
  const { options, backoff } = pool;
  for (const replica of readyOf(pool)) {
    if (replica.inHand === 0 && now - replica.idleSince >= options.gracePeriodMs) void retire(pool, replica);
  }
  const live = liveOf(pool);
  const starting = live.filter(({ phase }) => phase === 'starting').length;
  const missing = startsNow({ load: loadOf(pool), live: live.length, starting, backoff, now }, options);
  for (let i = 0; i < missing; i++) startIn(pool);
};

/** The next moment at which something is to be done that no request and no process will tell. */
const nextMoment = (pool: Pool, now: number): number => {
  const idle = readyOf(pool).filter(({ inHand }) => inHand === 0);
  const moments = idle.map(({ idleSince }) => idleSince + pool.options.gracePeriodMs);
  if (pool.line.size > 0 && pool.backoff.notBefore > now) moments.push(pool.backoff.notBefore);
  return Math.min(...moments);
};

/** Does all that is to be done now. Called whenever anything has changed. */
export const pump = (pool: Pool): void => {
  clearTimeout(pool.timer);
  if (pool.refusal !== undefined) return;
  dispatch(pool);
  const now = performance.now();
  scale(pool, now);
  const next = nextMoment(pool, now);
  if (Number.isFinite(next)) pool.timer = setTimeout(() => pump(pool), Math.max(1, next - now));
};
