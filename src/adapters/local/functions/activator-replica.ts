// One replica of a function and its life: starting, ready, in doubt, draining, gone. It counts what it has in hand.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../../core/errors.ts';
import type { HttpMessage } from '../../../core/http-binding.ts';
import type { Reply } from '../../../ports.ts';
import type { Instance } from './instance.ts';

/** `doubted`: a call got no answer, so it gets no other until it has shown that it is there. */
type ReplicaPhase = 'starting' | 'ready' | 'doubted' | 'draining';

/** Times in ms of `performance.now()`. */
export type Replica = {
  readonly startedAt: number;
  readonly phase: ReplicaPhase;
  readonly inHand: number;
  /** Since when it has had nothing in hand. */
  readonly idleSince: number;
  /** Resolves when no process of it is left. Never rejects. */
  readonly gone: Promise<void>;
};

export type ReplicaEvents = {
  /** Rejects with a CodedError whose message is the reason. */
  start(): Promise<Instance>;
  ready(replica: Replica, seconds: number): void;
  /** It never became ready. `cause` is what was thrown. */
  failed(replica: Replica, cause: unknown): void;
  /** It was ready and ended without being asked to. */
  crashed(replica: Replica, how: string): void;
  /** It may have room again. */
  free(): void;
};

type Life = {
  -readonly [Member in keyof Replica]: Replica[Member];
} & {
  readonly events: ReplicaEvents;
  instance?: Instance;
  /** Resolved once it takes nothing new and has nothing in hand. */
  drained?: PromiseWithResolvers<void>;
  /** Set once its process is being ended, or ends by itself. */
  ending?: Promise<void>;
};

const proofMs = 1_000;
/** What a process gets to end in, however long its last request took. */
const leastGraceMs = 250;

/** A life changes while something is awaited; asked like this, the compiler does not think it knows the answer. */
const isIn = (life: Life, phase: ReplicaPhase): boolean => life.phase === phase;

const becomeReady = async (life: Life): Promise<Instance | undefined> => {
  try {
    const instance = await life.events.start();
    life.instance = instance;
    if (isIn(life, 'draining')) await instance.stop(0);
    await instance.ready;
    return instance;
  } catch (thrown) {
    if (!isIn(life, 'draining')) {
      life.phase = 'draining';
      life.ending = Promise.resolve();
      life.events.failed(life, thrown);
    }
    return undefined;
  }
};

const live = async (life: Life): Promise<void> => {
  const instance = await becomeReady(life);
  if (instance === undefined) return;
  if (isIn(life, 'starting')) {
    life.phase = 'ready';
    life.idleSince = performance.now();
    life.events.ready(life, (life.idleSince - life.startedAt) / 1000);
  }
  const how = await instance.ended;
  if (isIn(life, 'draining')) return;
  life.phase = 'draining';
  life.ending = Promise.resolve();
  life.events.crashed(life, how);
};

/** A connection that breaks is what a dying process looks like first, a call without an answer what a stuck one does. */
const doubt = async (life: Life, instance: Instance): Promise<void> => {
  if (!isIn(life, 'ready')) return;
  life.phase = 'doubted';
  const proven = await instance.answers(proofMs);
  if (!isIn(life, 'doubted')) return;
  if (!proven) return instance.stop(0);
  life.phase = 'ready';
  life.events.free();
};

/** `take` reserves a place, `call` runs the request that it was reserved for and frees the place in any case. */
export type ReplicaHandle = Replica & {
  take(): void;
  call(message: HttpMessage, signal: AbortSignal): Promise<Reply>;
  /** Takes nothing new, finishes what it has in hand, then ends; what is not finished by then is broken off. */
  retire(drainMs: number): Promise<void>;
  /** The same, and nothing is broken off: every call has a time of its own. `retire` may follow and puts an end to it. */
  finish(drainMs: number): Promise<void>;
};

const call = async (life: Life, message: HttpMessage, signal: AbortSignal): Promise<Reply> => {
  const { instance } = life;
  if (instance === undefined) throw new Error('a replica is called only once it is ready');
  try {
    return await instance.call(message, signal);
  } catch (thrown) {
    const unanswered =
      thrown instanceof CodedError && (thrown.code === 'FUNCTION_UNAVAILABLE' || thrown.code === 'FUNCTION_TIMEOUT');
    if (unanswered && !signal.aborted) void doubt(life, instance);
    throw thrown;
  } finally {
    life.inHand--;
    life.idleSince = performance.now();
    if (life.inHand === 0) life.drained?.resolve();
    life.events.free();
  }
};

/** From now on it takes nothing new. Resolves when it has nothing in hand. */
const drain = (life: Life): Promise<void> => {
  life.phase = 'draining';
  life.drained ??= Promise.withResolvers();
  if (life.inHand === 0) life.drained.resolve();
  return life.drained.promise;
};

const end = async (life: Life, drainMs: number): Promise<void> => {
  const deadline = performance.now() + drainMs;
  const serving = !isIn(life, 'starting');
  await within(drainMs, [drain(life), life.gone]);
  await life.instance?.stop(serving ? Math.max(leastGraceMs, deadline - performance.now()) : 0);
};

const retire = async (life: Life, drainMs: number): Promise<void> => {
  await (life.ending ??= end(life, drainMs));
  await life.gone;
};

const finish = async (life: Life, drainMs: number): Promise<void> => {
  if (!isIn(life, 'starting')) await Promise.race([drain(life), life.gone]);
  await retire(life, drainMs);
};

/** The first of these to happen, or the time is over; no timer is left behind. */
const within = async (ms: number, promises: readonly Promise<unknown>[]): Promise<void> => {
  const over = new AbortController();
  await Promise.race([...promises, sleep(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
};

export const startReplica = (events: ReplicaEvents): ReplicaHandle => {
  const startedAt = performance.now();
  const handle: Life & Omit<ReplicaHandle, keyof Replica> = {
    events,
    startedAt,
    phase: 'starting',
    inHand: 0,
    idleSince: startedAt,
    gone: Promise.resolve(),
    take: () => {
      handle.inHand++;
    },
    call: (message, signal) => call(handle, message, signal),
    retire: (drainMs) => retire(handle, drainMs),
    finish: (drainMs) => finish(handle, drainMs),
  };
  handle.gone = live(handle);
  return handle;
};
