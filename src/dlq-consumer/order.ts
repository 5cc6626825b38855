// Letters of one function in their order (DLQ_ORDERED). A letter that has to wait is held where the parked ones are, not in a delay
// queue: there each one would come back by itself, and overtake those before it that wait longer. Of each function only the
// first is delivered, when its time has come; the next one's turn is when that one was delivered, or parked for good.
import type { Disposition, LetterNews } from '../core/letter-flow.ts';
import type { LetterSummary } from '../core/letter.ts';
import type { Logger } from '../ops/logger.ts';

const withoutHold = (disposition: Extract<Disposition, { to: 'park' }>): Disposition => {
  const { held, ...letter } = disposition.letter;
  return held === undefined ? disposition : { to: 'park', letter: letter as typeof disposition.letter };
};

/** In place of a delay. The attempt is counted when the letter is handed to delivery. */
export const heldInOrder = (disposition: Disposition, now: number): Disposition => {
  if (disposition.to === 'park') return withoutHold(disposition);
  if (disposition.to !== 'delay') return disposition;
  const { letter, delayMs } = disposition;
  const held = { ...letter.held, dueAt: now + delayMs };
  return { to: 'park', letter: { ...letter, attempts: Math.max(0, letter.attempts - 1), held } };
};

/** `position` is where it is parked. */
type Held = { id: string; order: number; dueAt: number; position: number };

/** `underWay` is the letter that was handed to delivery, and of which nothing was heard since. */
type Line = { held: Held[]; underWay?: string | undefined };

/** Letters by function; one that names none, by where it goes. */
const nameOf = ({ tenant, function: name, destination }: LetterSummary): string =>
  tenant === undefined ? `/${destination}` : `${tenant}/${name ?? ''}`;

const createLines = () => {
  const lines = new Map<string, Line>();
  const names = new Map<string, string>();
  const find = (id: string): Line | undefined => lines.get(names.get(id) ?? '');
  return {
    all: (): Iterable<Line> => lines.values(),
    hold: (letter: LetterSummary, held: Omit<Held, 'id'>): Line => {
      const name = nameOf(letter);
      const line = lines.get(name) ?? { held: [] };
      lines.set(name, line);
      names.set(letter.id, name);
      line.held = [...line.held.filter(({ id }) => id !== letter.id), { id: letter.id, ...held }].sort(
        (a, b) => a.order - b.order,
      );
      return line;
    },
    /** It was put back after that place: what is said of the place is not about it any more. */
    isBack: (id: string, place: number): boolean =>
      find(id)?.held.some((letter) => letter.id === id && letter.position > place) === true,
    /** It is on its way: not held any more, and nobody passes it. */
    send: (id: string): void => {
      const line = find(id);
      if (line === undefined) return;
      line.held = line.held.filter((letter) => letter.id !== id);
      line.underWay = id;
    },
    forget: (id: string): Line | undefined => {
      const line = find(id);
      const name = names.get(id);
      names.delete(id);
      if (line === undefined || name === undefined) return undefined;
      line.held = line.held.filter((letter) => letter.id !== id);
      if (line.underWay === id) line.underWay = undefined;
      if (line.held.length === 0 && line.underWay === undefined) lines.delete(name);
      return line;
    },
  };
};

export type OrderKeeper = { onNews(news: LetterNews): void; close(): void };

type Deps = {
  handOver: (id: string) => Promise<'redriven' | 'absent' | 'unreadable'>;
  /** Whether all that was held before this process is known. */
  isComplete: () => Promise<boolean>;
  logger: Logger;
  now: () => number;
};

const tickMs = 100;
const retryMs = 1_000;

export const createOrderKeeper = ({ handOver, isComplete, logger, now }: Deps): OrderKeeper => {
  const lines = createLines();
  const state = { complete: false };

  const next = async (line: Line): Promise<void> => {
    const [first] = line.held;
    if (!state.complete || first === undefined || line.underWay !== undefined || first.dueAt > now()) return;
    line.underWay = first.id;
    try {
      if ((await handOver(first.id)) !== 'redriven') lines.forget(first.id);
    } catch (error) {
      logger.debug({ err: error, letter_id: first.id }, 'a letter whose turn it is could not be handed over; trying again');
      line.underWay = undefined;
      first.dueAt = now() + retryMs;
    }
  };
  const tick = async (): Promise<void> => {
    state.complete ||= await isComplete();
    for (const line of [...lines.all()]) void next(line);
  };
  const timer = setInterval(() => void tick(), tickMs);

  const settle = (id: string): void => {
    const line = lines.forget(id);
    if (line !== undefined) void next(line);
  };
  const hold = (news: Extract<LetterNews, { kind: 'parked' }>, held: Omit<Held, 'id'>): void => {
    const line = lines.hold(news.letter, held);
    // Only what comes back from delivery makes room: the same event, arriving once more meanwhile, does not.
    if (news.run !== undefined && news.byBroker !== true && line.underWay === news.letter.id) line.underWay = undefined;
    void next(line);
  };
  return {
    onNews: (news) => {
      if (news.kind === 'parked' && news.held !== undefined) hold(news, { ...news.held, position: news.position });
      else if (news.kind === 'parked') settle(news.letter.id);
      // A delivery may fail before the record is written that says that it was on its way.
      else if (lines.isBack(news.id, news.place)) return;
      else if (news.departure === 'redriven') lines.send(news.id);
      else settle(news.id);
    },
    close: () => clearInterval(timer),
  };
};
