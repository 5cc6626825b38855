// What is opened pushes how it is closed; closing runs them in reverse, once, whoever asks for it.
import type { Logger } from './logger.ts';

type Close = () => Promise<void> | void;

export type Lifecycle = {
  /** Last opened, first closed. */
  onClose(name: string, close: Close): void;
  /** Closes everything, also when some of it fails; the second caller waits for the first one's work. */
  close(): Promise<void>;
};

export const createLifecycle = (logger: Logger): Lifecycle => {
  const opened: { name: string; close: Close }[] = [];
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    for (const { name, close } of opened.reverse()) {
      try {
        await close();
      } catch (error) {
        logger.error({ err: error, part: name }, 'a part did not close cleanly');
      }
    }
  };
  return {
    onClose: (name, close) => void opened.push({ name, close }),
    close: () => (closing ??= closeAll()),
  };
};

/**
 * Closes on SIGTERM and SIGINT and exits 0; a second signal, or the deadline, ends the process at once with 1.
 * Nothing that was promised depends on a clean end: the deadline is only for what is in hand.
 */
export const closeOnSignals = (lifecycle: Lifecycle, logger: Logger, deadlineMs = 30_000): void => {
  let signalled = false;
  const stop = (signal: NodeJS.Signals): void => {
    if (signalled) process.exit(1);
    signalled = true;
    logger.info({ signal }, 'stopping');
    setTimeout(() => {
      logger.error({ deadline_ms: deadlineMs }, 'stopping took too long');
      process.exit(1);
    }, deadlineMs).unref();
    void lifecycle.close().then(() => {
      logger.info('stopped');
      process.exit(0);
    });
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
};
