// The two stations of a letter, measured and logged: judged when it arrives, redelivered when its delay is over.
import type { Disposition, LetterHandlers, LetterNews } from '../core/letter-flow.ts';
import type { DeadLetter } from '../core/letter.ts';
import type { LetterLog } from './letter-log.ts';
import type { DlqMetrics } from './metrics.ts';
import { heldInOrder } from './order.ts';

/** Counts what was decided. It may be carried out twice after a crash; it is then counted twice, as it happened twice. */
const note = (metrics: DlqMetrics, log: LetterLog, disposition: Disposition): void => {
  const { letter } = disposition;
  if (disposition.to === 'delay' || (disposition.to === 'park' && letter.held !== undefined)) {
    metrics.letter(letter.category, 'delayed');
    log.tell('delayed', letter);
  } else if (disposition.to === 'park') {
    metrics.letter(letter.category, 'parked');
    metrics.attempts('parked', letter.attempts);
    log.tell('parked', letter);
  } else if (disposition.to === 'done') {
    metrics.letter(letter.category, 'delivered');
    metrics.attempts('delivered', letter.attempts);
    log.tell('delivered', letter);
  }
};

type Deps = {
  judge: (letter: DeadLetter, bytes: number) => Disposition;
  redeliver: (letter: DeadLetter, bytes: number) => Promise<Disposition>;
  archive?: (letter: DeadLetter) => Promise<Disposition>;
  onNews: (news: LetterNews) => void;
  ordered: boolean;
  metrics: DlqMetrics;
  log: LetterLog;
};

export const createHandlers = ({ judge, redeliver, archive, onNews, ordered, metrics, log }: Deps): LetterHandlers => {
  let sessions = 0;
  const inOrder = (disposition: Disposition): Disposition => (ordered ? heldInOrder(disposition, Date.now()) : disposition);
  return {
    judge: (letter, bytes) => {
      const disposition = inOrder(judge(letter, bytes));
      note(metrics, log, disposition);
      return disposition;
    },
    redeliver: async (letter, bytes) => {
      const disposition = inOrder(await redeliver(letter, bytes));
      note(metrics, log, disposition);
      return disposition;
    },
    ...(archive === undefined
      ? {}
      : {
          archive: async (letter: DeadLetter): Promise<Disposition> => {
            const disposition = await archive(letter);
            if (disposition.to === 'done') metrics.letter(letter.category, 'archived');
            return disposition;
          },
        }),
    onNews,
    connected: () => {
      if (sessions++ > 0) metrics.reconnected();
    },
    disconnected: () => undefined,
  };
};
