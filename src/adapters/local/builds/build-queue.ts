// Who waits and who runs, in memory. Each decision is taken in one step, so no two callers are given the same place.
import { admit, type Queued } from '../../../core/admission.ts';
import { CodedError } from '../../../core/errors.ts';

/** A rate of job starts: takes one start if it may be now and answers 0, else the milliseconds after which to ask again. */
export type StartLimit = { takeStart: () => number | Promise<number> };

export type BuildQueueOptions = {
  maxRunning: number;
  maxQueued: number;
  /** Called for each build that leaves the queue to run; its place is taken until `leave`. */
  start: (buildId: string) => void;
  startLimit?: StartLimit;
  failed: (thrown: unknown) => void;
};

type Places = {
  /** Takes a place in the queue. @throws CodedError QUEUE_FULL */
  enter: (candidate: Queued) => void;
  /** Into the place in the queue that it had before the platform stopped. Never refused: it was promised. */
  enterAgain: (candidate: Queued) => void;
  /** Takes a running place without waiting, if there is one. */
  resume: (candidate: Queued) => boolean;
  /** Frees the place, in the queue or running. */
  leave: (buildId: string) => void;
  depth: () => { queued: number; running: number };
};

export type BuildQueue = Places & {
  /** Starts what may start now. */
  admitNext: () => Promise<void>;
  close: () => void;
};

/** By then one of the running builds has moved on, in all likelihood. */
const retryAfterSeconds = 10;
/** When the rate of starts can't be asked. */
const askAgainMs = 1_000;

const createPlaces = (
  maxRunning: number,
  maxQueued: number,
): Places & { canAdmit: () => boolean; admitOne: () => string | undefined } => {
  const queued = new Map<string, Queued>();
  const running = new Map<string, Queued>();
  return {
    enter: (candidate) => {
      if (queued.size >= maxQueued) {
        throw new CodedError('QUEUE_FULL', `${maxQueued} builds are waiting already`, {
          limit: 'queued builds',
          retryAfterSeconds,
        });
      }
      queued.set(candidate.buildId, candidate);
    },
    enterAgain: (candidate) => void queued.set(candidate.buildId, candidate),
    resume: (candidate) => {
      if (running.size >= maxRunning) return false;
      running.set(candidate.buildId, candidate);
      return true;
    },
    leave: (buildId) => {
      queued.delete(buildId);
      running.delete(buildId);
    },
    depth: () => ({ queued: queued.size, running: running.size }),
    canAdmit: () => queued.size > 0 && running.size < maxRunning,
    admitOne: () => {
      const [next] = admit([...queued.values()], [...running.values()], maxRunning, 1);
      if (next === undefined) return undefined;
      queued.delete(next.buildId);
      running.set(next.buildId, next);
      return next.buildId;
    },
  };
};

export const createBuildQueue = (options: BuildQueueOptions): BuildQueue => {
  const { canAdmit, admitOne, ...places } = createPlaces(options.maxRunning, options.maxQueued);
  let timer: NodeJS.Timeout | undefined;
  let admitting: Promise<void> = Promise.resolve();
  let closed = false;

  const takeStart = async (): Promise<number> => {
    try {
      return (await options.startLimit?.takeStart()) ?? 0;
    } catch (thrown) {
      options.failed(thrown);
      return askAgainMs;
    }
  };

  const wakeAfter = (ms: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void admitNext(), ms);
  };

  const admitAll = async (): Promise<void> => {
    while (!closed && canAdmit()) {
      const waitMs = await takeStart();
      if (isClosed()) return;
      if (waitMs > 0) {
        wakeAfter(waitMs);
        return;
      }
      // Decided only now: while the rate was asked, builds came, went and took places.
      const next = admitOne();
      if (next !== undefined) options.start(next);
    }
  };
  const isClosed = (): boolean => closed;
  const admitNext = (): Promise<void> => (admitting = admitting.then(admitAll));

  return {
    ...places,
    admitNext,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
};
