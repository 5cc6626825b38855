// When the sweep runs: again and again, and whenever it is asked for. Never twice at once in one process.
import type { Logger } from '../ops/logger.ts';
import type { Builder } from './builder.ts';
import { createPasses } from './passes.ts';

export type Sweeping = {
  /** Resolves when a sweep that began after the call, or together with other calls, has ended. Never rejects. */
  now(): Promise<void>;
  close(): Promise<void>;
};

/** @param everyMs also how old an event has to be: somebody is at work on a younger one */
export const createSweeping = (builder: Pick<Builder, 'sweep'>, everyMs: number, logger: Logger): Sweeping => {
  const passes = createPasses<unknown>();
  const sweep = (): Promise<void> =>
    builder.sweep(everyMs).catch((error: unknown) => logger.warn({ err: error }, 'a sweep failed; the next one tries again'));
  let last: Promise<unknown> = Promise.resolve();
  const now = async (): Promise<void> => {
    await (last = passes('sweep', sweep));
  };
  const timer = setInterval(() => void now(), everyMs);
  return {
    now,
    close: async () => {
      clearInterval(timer);
      await last;
    },
  };
};
