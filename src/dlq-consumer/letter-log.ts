// What became of letters, in the log: each one's story is its history, so a storm of twenty thousand is a handful of lines, each with
// how many there were and the first of them as an example. At level debug every letter has its own line.
import type { Category } from '../core/dead-letter.ts';
import type { DeadLetter } from '../core/letter.ts';
import type { Logger } from '../ops/logger.ts';

export type LetterLog = {
  tell(what: 'delayed' | 'parked' | 'delivered', letter: DeadLetter): void;
  /** Writes what is not written yet, and no more afterwards. */
  close(): void;
};

const words = { delayed: 'letters wait', parked: 'letters parked', delivered: 'letters delivered' } as const;

const fieldsOf = (letter: DeadLetter) => ({
  letter_id: letter.id,
  category: letter.category,
  attempts: letter.attempts,
  destination: letter.destination,
  event_id: letter.event?.id,
  correlation_id: letter.event?.extensions.correlationid,
  reason: letter.reason,
});

type Gathered = { what: keyof typeof words; first: DeadLetter; letters: number };

export const createLetterLog = (logger: Logger, everyMs = 1_000): LetterLog => {
  const gathered = new Map<`${keyof typeof words} ${Category}`, Gathered>();
  const write = (): void => {
    for (const { what, first, letters } of gathered.values()) {
      const level = what === 'delayed' ? 'debug' : 'info';
      logger[level]({ letters, ...fieldsOf(first) }, words[what]);
    }
    gathered.clear();
  };
  const timer = setInterval(write, everyMs).unref();
  return {
    tell: (what, letter) => {
      if (logger.isLevelEnabled('debug')) {
        logger.debug(fieldsOf(letter), `letter ${what}`);
        return;
      }
      const found = gathered.get(`${what} ${letter.category}`);
      if (found === undefined) gathered.set(`${what} ${letter.category}`, { what, first: letter, letters: 1 });
      else found.letters++;
    },
    close: () => {
      clearInterval(timer);
      write();
    },
  };
};
