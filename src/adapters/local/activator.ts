// Holds a function's requests while it has no room for them, starts replicas for them, and ends those that nobody needs.
import type { HttpMessage } from '../../core/http-binding.ts';
import type { Logger } from '../../ops/logger.ts';
import type { Reply } from '../../ports.ts';
import { createWaitingLine } from './activator-line.ts';
import { createReplica, type Replica, type ReplicaEvents } from './activator-replica.ts';
import { unavailable } from './function-failures.ts';
import { afterFailure, chooseReplica, noBackoff, startsNow, type Backoff, type ScalingLimits } from './function-scaling.ts';
import type { Instance } from './instance.ts';

export type ActivatorOptions = ScalingLimits & {
  /** How long a replica may be idle. */
  readonly gracePeriodMs: number;
  readonly drainMs: number;
  /** How long a request waits for a replica. */
  readonly waitMs: number;
};

/** What an activator tells about replicas of the revision it runs. */
export type ActivatorDeps<Revision> = {
  start(revision: Revision): Promise<Instance>;
  ready(revision: Revision): void;
  failed(revision: Revision, reason: string): void;
  /** A request waited for this start, and no other replica was there. */
  coldStart(revision: Revision, seconds: number): void;
  /** A process more, or one less. */
  replicas(change: 1 | -1): void;
  readonly logger: Logger;
};

export type Activator<Revision> = {
  /** Replicas that serve or will. */
  readonly replicas: number;
  invoke(message: HttpMessage, signal: AbortSignal): Promise<Reply>;
  /** From now on replicas are of this revision, and one is started to see if it can be; the old ones drain. */
  deploy(revision: Revision): void;
  /** Refuses what waits and what comes, drains what is in hand, and resolves when no process is left. */
  stop(refusal: Error): Promise<void>;
};

export const createActivator = <Revision>(
  first: Revision,
  deps: ActivatorDeps<Revision>,
  options: ActivatorOptions,
): Activator<Revision> => {
  const line = createWaitingLine<Replica>();
  const processes = new Set<Replica>();
  let revision = first;
  let backoff: Backoff = noBackoff;
  let refusal: Error | undefined;
  let timer: NodeJS.Timeout | undefined;

  const live = (): Replica[] => [...processes].filter(({ phase }) => phase !== 'draining');
  const ready = (): Replica[] => [...processes].filter(({ phase }) => phase === 'ready');
  const loadOf = (replicas: readonly Replica[]): number => replicas.reduce((sum, { inHand }) => sum + inHand, line.size);
  const retire = (replica: Replica): Promise<void> =>
    replica
      .retire(options.drainMs)
      .catch((thrown: unknown) => deps.logger.error({ err: thrown }, 'a replica did not end cleanly'));
  const notStarted = (): Error =>
    unavailable('The function does not start; its state says why', { retryAfterMs: backoff.notBefore - performance.now() });

  const failure = (replica: Replica): void => {
    backoff = afterFailure(backoff, replica.startedAt, performance.now());
  };

  const start = (): void => {
    const of = revision;
    const events: ReplicaEvents = {
      free: pump,
      ready: (replica, seconds) => {
        if (line.size > 0 && ready().length === 1) deps.coldStart(of, seconds);
        deps.logger.info({ seconds, replicas: live().length }, 'a replica is ready');
        deps.ready(of);
        pump();
      },
      failed: (replica, reason) => {
        processes.delete(replica);
        failure(replica);
        deps.logger.warn({ reason, failures: backoff.failures }, 'a replica did not start');
        // While another one serves or starts, what waits may still be served.
        if (live().length > 0) return;
        deps.failed(of, reason);
        line.refuseAll(notStarted());
      },
      crashed: (replica, how) => {
        failure(replica);
        deps.logger.warn({ how, failures: backoff.failures }, 'a replica ended by itself');
      },
    };
    const replica = createReplica(() => deps.start(of), events, deps.logger);
    processes.add(replica);
    deps.replicas(1);
    void replica.gone.then(() => {
      processes.delete(replica);
      deps.replicas(-1);
      pump();
    });
  };

  const dispatch = (): void => {
    while (line.size > 0) {
      const replica = chooseReplica(ready(), loadOf(live()), options);
      if (replica === undefined) return;
      replica.take();
      line.serve(replica);
    }
  };

  const scale = (now: number): void => {
    for (const replica of ready()) {
      if (replica.inHand === 0 && now - replica.idleSince >= options.gracePeriodMs) void retire(replica);
    }
    const there = live();
    const starting = there.filter(({ phase }) => phase === 'starting').length;
    const missing = startsNow({ load: loadOf(there), live: there.length, starting, backoff, now }, options);
    for (let i = 0; i < missing; i++) start();
  };

  /** The next moment at which something is to be done that no request and no process will tell. */
  const nextMoment = (now: number): number => {
    const idle = ready().filter(({ inHand }) => inHand === 0);
    const moments = idle.map(({ idleSince }) => idleSince + options.gracePeriodMs);
    if (line.size > 0 && backoff.notBefore > now) moments.push(backoff.notBefore);
    return Math.min(...moments);
  };

  function pump(): void {
    clearTimeout(timer);
    if (refusal !== undefined) return;
    dispatch();
    const now = performance.now();
    scale(now);
    const next = nextMoment(now);
    if (Number.isFinite(next)) timer = setTimeout(pump, Math.max(1, next - now));
  }

  const reserve = async (signal: AbortSignal): Promise<Replica> => {
    if (live().length === 0 && backoff.notBefore - performance.now() > options.waitMs) throw notStarted();
    const busy = (): Error =>
      unavailable('No replica of the function had room in time', { retryAfterMs: backoff.notBefore - performance.now() });
    const reserved = line.wait(signal, options.waitMs, busy);
    pump();
    return reserved;
  };

  return {
    get replicas() {
      return live().length;
    },
    invoke: async (message, signal) => {
      if (refusal !== undefined) throw refusal;
      const replica = await reserve(signal);
      const reply = await replica.call(message, signal);
      // One that was started before the failure proves nothing about the next start.
      if (replica.startedAt > backoff.failedAt) backoff = noBackoff;
      return reply;
    },
    deploy: (next) => {
      if (refusal !== undefined) return;
      revision = next;
      backoff = noBackoff;
      for (const replica of live()) void retire(replica);
      start();
      pump();
    },
    stop: async (error) => {
      refusal ??= error;
      clearTimeout(timer);
      line.refuseAll(refusal);
      await Promise.all([...processes].map(retire));
    },
  };
};
