// Stands before a function: holds its requests while there is no room for them, and lets its replicas come and go.
import type { HttpMessage } from '../../../core/http-binding.ts';
import type { FunctionSpec, Reply } from '../../../ports.ts';
import {
  backoffLeftMs,
  createPool,
  doesNotStart,
  finish,
  liveOf,
  pump,
  retire,
  startIn,
  type ActivatorDeps,
  type ActivatorOptions,
  type Pool,
} from './activator-pool.ts';
import type { ReplicaHandle } from './activator-replica.ts';
import { unavailable } from '../../../core/function-failures.ts';
import { noBackoff } from './function-scaling.ts';

export type Activator = {
  /** Replicas that serve, or will. */
  readonly replicas: number;
  /**
   * Waits in line for a replica, as long as `waitMs`, also through a backoff. A start that fails refuses all that wait for it:
   * FUNCTION_UNAVAILABLE, with the seconds until the next start may be tried.
   */
  invoke(message: HttpMessage, signal: AbortSignal): Promise<Reply>;
  /** From now on replicas are of this spec, and one is started to see if it can be; the old ones end when nothing is in their hands. */
  deploy(spec: FunctionSpec): void;
  /** Refuses what waits and what comes, drains what is in hand, and resolves when no process is left. */
  stop(refusal: Error): Promise<void>;
};

const reserve = (pool: Pool, signal: AbortSignal): Promise<ReplicaHandle> => {
  if (liveOf(pool).length === 0 && backoffLeftMs(pool) > pool.options.waitMs) throw doesNotStart(pool);
  if (pool.line.size >= pool.options.maxWaiting) throw unavailable('Too many requests wait for the function already');
  const reserved = pool.line.wait(signal, pool.options.waitMs, () =>
    unavailable('No replica of the function had room in time', { retryAfterMs: backoffLeftMs(pool) }),
  );
  pump(pool);
  return reserved;
};

const invoke = async (pool: Pool, message: HttpMessage, signal: AbortSignal): Promise<Reply> => {
  if (pool.refusal !== undefined) throw pool.refusal;
  const replica = await reserve(pool, signal);
  const reply = await replica.call(message, signal);
  // One that was started before the failure proves nothing about the next start.
  if (replica.startedAt > pool.backoff.failedAt) pool.backoff = noBackoff;
  return reply;
};

/** @param spec what its first replica is started from, on demand */
export const createActivator = (spec: FunctionSpec, deps: ActivatorDeps, options: ActivatorOptions): Activator => {
  const pool = createPool(spec, deps, options);
  return {
    get replicas() {
      return liveOf(pool).length;
    },
    invoke: (message, signal) => invoke(pool, message, signal),
    deploy: (next) => {
      if (pool.refusal !== undefined) return;
      pool.revision = next;
      pool.backoff = noBackoff;
      for (const replica of liveOf(pool)) void finish(pool, replica);
      startIn(pool);
      pump(pool);
    },
    stop: async (refusal) => {
      pool.refusal ??= refusal;
      clearTimeout(pool.timer);
      pool.line.refuseAll(pool.refusal);
      await Promise.all([...pool.replicas].map((replica) => retire(pool, replica)));
    },
  };
};
