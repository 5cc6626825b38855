// One replica of a function and its life: starting, ready, in doubt, draining, gone. It counts what it has in hand.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../core/errors.ts';
import type { HttpMessage } from '../../core/http-binding.ts';
import type { Logger } from '../../ops/logger.ts';
import type { Reply } from '../../ports.ts';
import type { Instance } from './instance.ts';

/** `doubted`: a call got no answer, so it gets no other until it has shown that it is there. */
export type ReplicaPhase = 'starting' | 'ready' | 'doubted' | 'draining';

export type ReplicaEvents = {
  ready(replica: Replica, seconds: number): void;
  /** It never became ready. `reason` is for a person. */
  failed(replica: Replica, reason: string): void;
  /** It was ready and ended without being asked to. */
  crashed(replica: Replica, how: string): void;
  /** It may have room again. */
  free(): void;
};

/** Times in ms of `performance.now()`. */
export type Replica = {
  readonly startedAt: number;
  readonly phase: ReplicaPhase;
  readonly inHand: number;
  /** Since when it has had nothing in hand. */
  readonly idleSince: number;
  /** Resolves when no process of it is left. */
  readonly gone: Promise<void>;
  /** Reserves a place; the request that it was reserved for is then given to `call`, which frees it in any case. */
  take(): void;
  call(message: HttpMessage, signal: AbortSignal): Promise<Reply>;
  /** Takes nothing new, finishes what it has in hand, then ends; what is not finished by then is broken off. */
  retire(drainMs: number): Promise<void>;
};

const proofMs = 1_000;
/** What a process gets to end in, however long its last request took. */
const leastGraceMs = 250;

/** @param start rejects with a CodedError whose message is the reason */
export const createReplica = (start: () => Promise<Instance>, events: ReplicaEvents, logger: Logger): Replica => {
  const startedAt = performance.now();
  const drained = Promise.withResolvers<undefined>();
  let instance: Instance | undefined;
  let phase: ReplicaPhase = 'starting';
  let inHand = 0;
  let idleSince = startedAt;
  const is = (one: ReplicaPhase): boolean => phase === one;

  const becomeReady = async (): Promise<Instance | undefined> => {
    try {
      instance = await start();
      if (is('draining')) await instance.stop(0);
      await instance.ready;
      return instance;
    } catch (thrown) {
      if (!(thrown instanceof CodedError)) logger.error({ err: thrown }, 'a replica could not be started');
      if (!is('draining'))
        events.failed(replica, thrown instanceof CodedError ? thrown.message : 'The function could not be started');
      return undefined;
    }
  };

  const live = async (): Promise<void> => {
    const started = await becomeReady();
    if (started === undefined) return;
    idleSince = performance.now();
    if (is('starting')) {
      phase = 'ready';
      events.ready(replica, (idleSince - startedAt) / 1000);
    }
    const how = await started.ended;
    if (!is('draining')) {
      phase = 'draining';
      events.crashed(replica, how);
    }
  };

  /** A connection that breaks is what a dying process looks like first, a call without an answer what a stuck one does. */
  const doubt = async (): Promise<void> => {
    if (!is('ready') || instance === undefined) return;
    phase = 'doubted';
    const proven = await instance.answers(proofMs);
    if (!is('doubted')) return;
    if (!proven) return instance.stop(0);
    phase = 'ready';
    events.free();
  };

  const release = (): void => {
    inHand--;
    idleSince = performance.now();
    if (inHand === 0) drained.resolve(undefined);
    events.free();
  };

  const retire = async (drainMs: number): Promise<void> => {
    if (!is('draining')) {
      const deadline = performance.now() + drainMs;
      const serving = !is('starting');
      phase = 'draining';
      if (inHand > 0) await withinMs(Promise.race([drained.promise, replica.gone]), drainMs);
      await instance?.stop(serving ? Math.max(leastGraceMs, deadline - performance.now()) : 0);
    }
    await replica.gone;
  };

  const replica: Replica & { gone: Promise<void> } = {
    startedAt,
    get phase() {
      return phase;
    },
    get inHand() {
      return inHand;
    },
    get idleSince() {
      return idleSince;
    },
    gone: Promise.resolve(),
    take: () => void inHand++,
    call: async (message, signal) => {
      try {
        if (instance === undefined) throw new Error('a replica is called only once it is ready');
        return await instance.call(message, signal);
      } catch (thrown) {
        const unanswered =
          thrown instanceof CodedError && (thrown.code === 'FUNCTION_UNAVAILABLE' || thrown.code === 'FUNCTION_TIMEOUT');
        if (unanswered && !signal.aborted) void doubt();
        throw thrown;
      } finally {
        release();
      }
    },
    retire,
  };
  replica.gone = live();
  return replica;
};

const withinMs = async (promise: Promise<unknown>, ms: number): Promise<void> => {
  const given = new AbortController();
  const late = sleep(ms, undefined, { signal: given.signal }).catch(() => undefined);
  await Promise.race([promise, late]);
  given.abort();
};
