// Redis is away: for how long nobody asks it, and how often the log says so.
import type { Logger } from '../../ops/logger.ts';

/** As long nobody asks again after a failure: otherwise each request in turn would wait for an answer that does not come. */
const restMs = 1_000;
/** However often it comes and goes. */
const warnEveryMs = 60_000;

export type Absence = {
  /** Whether it is worth asking. While Redis is away that is one request in each `restMs`. */
  mayAsk(): boolean;
  failed(error: unknown): void;
  answered(): void;
  isAway(): boolean;
};

export const createAbsence = (logger: Logger, now: () => number = () => performance.now()): Absence => {
  let restUntil: number | undefined;
  let warnedAt = -Infinity;
  let told = false;

  const warn = (error: unknown): void => {
    if (now() - warnedAt < warnEveryMs) return;
    warnedAt = now();
    told = true;
    // The message alone: the error itself carries the command, and that of a refused login holds the password.
    const reason = error instanceof Error ? error.message : String(error);
    logger.warn({ reason }, 'Redis does not answer: each replica limits for itself');
  };

  return {
    mayAsk: () => {
      if (restUntil === undefined) return true;
      if (now() < restUntil) return false;
      restUntil = now() + restMs;
      return true;
    },
    failed: (error) => {
      restUntil = now() + restMs;
      warn(error);
    },
    answered: () => {
      restUntil = undefined;
      if (!told) return;
      told = false;
      logger.info('Redis answers: limits are shared again');
    },
    isAway: () => restUntil !== undefined,
  };
};
