// The two stations of a letter, measured and logged: judged when it arrives, redelivered when its delay is over.
import type { Disposition, LetterHandlers, LetterNews } from '../core/letter-flow.ts';
import type { DeadLetter } from '../core/letter.ts';
import type { Logger } from '../ops/logger.ts';
import type { DlqMetrics } from './metrics.ts';
import { heldInOrder } from './order.ts';

const fieldsOf = (letter: DeadLetter) => ({
  letter_id: letter.id,
  category: letter.category,
  attempts: letter.attempts,
  destination: letter.destination,
  event_id: letter.event?.id,
  correlation_id: letter.event?.extensions.correlationid,
});

/** Counts what was decided. It may be carried out twice after a crash; it is then counted twice, as it happened twice. */
const note = (metrics: DlqMetrics, logger: Logger, disposition: Disposition): void => {
  const { letter } = disposition;
  if (disposition.to === 'delay' || (disposition.to === 'park' && letter.held !== undefined)) {
    metrics.letter(letter.category, 'delayed');
    logger.debug(fieldsOf(letter), 'letter waits');
  } else if (disposition.to === 'park') {
    metrics.letter(letter.category, 'parked');
    metrics.attempts('parked', letter.attempts);
    logger.info({ ...fieldsOf(letter), reason: letter.reason }, 'letter parked');
  } else if (disposition.to === 'done') {
    metrics.letter(letter.category, 'delivered');
    metrics.attempts('delivered', letter.attempts);
    logger.info(fieldsOf(letter), 'letter delivered');
  }
};

type Deps = {
  judge: (letter: DeadLetter) => Disposition;
  redeliver: (letter: DeadLetter, bytes: number) => Promise<Disposition>;
  archive?: (letter: DeadLetter) => Promise<Disposition>;
  onNews: (news: LetterNews) => void;
  ordered: boolean;
  metrics: DlqMetrics;
  logger: Logger;
};

export const createHandlers = ({ judge, redeliver, archive, onNews, ordered, metrics, logger }: Deps): LetterHandlers => {
  let sessions = 0;
  const inOrder = (disposition: Disposition): Disposition => (ordered ? heldInOrder(disposition, Date.now()) : disposition);
  return {
    judge: (letter) => {
      const disposition = inOrder(judge(letter));
      note(metrics, logger, disposition);
      return disposition;
    },
    redeliver: async (letter, bytes) => {
      const disposition = inOrder(await redeliver(letter, bytes));
      note(metrics, logger, disposition);
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
