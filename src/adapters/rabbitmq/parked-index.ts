// Follows the stream of parked letters and keeps the index of what is in it. Reading consumes nothing: every replica reads all.
import type { ConsumeMessage } from 'amqplib';
import { randomUUID } from 'node:crypto';
import { CodedError } from '../../core/errors.ts';
import { createLetterIndex, type LetterIndex } from '../../core/letter-index.ts';
import type { LetterNews } from '../../core/letter-flow.ts';
import type { Logger } from '../../ops/logger.ts';
import { markMessage, noteOf, positionOfRecord, recordOf } from './parked-records.ts';
import type { Session } from './session.ts';

export type ParkedIndex = {
  readonly index: LetterIndex;
  /** Whether everything that was there at the start has been read. */
  isLoaded(): boolean;
  /** Goes on reading in a new session. The session ends if that fails. */
  follow(session: Session): void;
  /**
   * Resolves when the record with that note has been read: from then on the index tells of it. Rejects when the session ends first.
   * One that will never be written has to be forgotten.
   */
  seen(note: string, session: Session): Promise<void>;
  forget(note: string): void;
};

/** Without any record for that long while one is due, the stream is not the one we knew: it was deleted and declared again. */
const patienceMs = 10_000;
/** A stream's broker sends whole chunks whatever the prefetch; it only says how many more may be under way. */
const prefetch = 200;

type Reading = {
  index: LetterIndex;
  /** The position of the last record read. */
  last: number;
  loaded: boolean;
  /** Who reads; undefined between two sessions. */
  session: Session | undefined;
  waiting: Map<string, PromiseWithResolvers<undefined>>;
};

const apply = ({ index }: Reading, record: LetterNews): void => {
  if (record.kind === 'parked') index.add(record.letter, record.position);
  else if ((index.positionOf(record.id) ?? Infinity) <= record.place) index.remove(record.id);
};

const read = (reading: Reading, message: ConsumeMessage, onNews: (news: LetterNews) => void): void => {
  const position = positionOfRecord(message);
  // A chunk may begin before the position that was asked for.
  if (position > reading.last) {
    reading.last = position;
    const record = recordOf(message, Date.now());
    if (record !== undefined && record.kind !== 'mark') {
      apply(reading, record);
      onNews(record);
    }
  }
  const note = noteOf(message);
  if (note === undefined) return;
  reading.waiting.get(note)?.resolve(undefined);
  reading.waiting.delete(note);
};

const unavailable = (reason: string): CodedError =>
  new CodedError('BROKER_UNAVAILABLE', `The broker can't be reached: ${reason}`);

const seenBy = ({ session: current, waiting }: Reading, note: string, session: Session): Promise<void> => {
  if (session !== current) return Promise.reject(unavailable('the session ended'));
  const seen = Promise.withResolvers<undefined>();
  waiting.set(note, seen);
  return seen.promise;
};

/** One reaction for all that wait: a session lives for weeks, and each reaction to its end as long. */
const readIn = (reading: Reading, session: Session): void => {
  reading.session = session;
  void session.ended.then((reason) => {
    if (reading.session !== session) return;
    reading.session = undefined;
    for (const { reject } of reading.waiting.values()) reject(unavailable(reason));
    reading.waiting.clear();
  });
};

/** Resolves false when nothing came for a while. */
const readToTheEnd = async (
  reading: Reading,
  session: Session,
  queue: string,
  onNews: (news: LetterNews) => void,
): Promise<boolean> => {
  const channel = await session.openFollower(prefetch);
  let lastHeard = Date.now();
  let received = 0;
  const from = reading.last < 0 ? 'first' : reading.last + 1;
  await channel.consume(
    queue,
    (message) => {
      if (message === null) {
        session.end(`the consumer of "${queue}" was cancelled`);
        return;
      }
      lastHeard = Date.now();
      // Nothing is removed by it: it only says that more may be sent.
      if (++received % (prefetch / 4) === 0) channel.ack(message, true);
      read(reading, message, onNews);
    },
    { arguments: { 'x-stream-offset': from } },
  );
  // All that was there before us stands before our mark.
  const note = randomUUID();
  const marked = seenBy(reading, note, session);
  marked.catch(() => undefined);
  // A broker that is short of memory or disk confirms much later. It hands out nothing new meanwhile, which says nothing about the stream.
  await session.publisher.publish('', queue, markMessage(note));
  lastHeard = Date.now();
  const silent = Promise.withResolvers<false>();
  const watch = setInterval(() => {
    if (Date.now() - lastHeard > patienceMs) silent.resolve(false);
  }, 1_000);
  try {
    return await Promise.race([marked.then(() => true), silent.promise]);
  } finally {
    clearInterval(watch);
  }
};

/** @param onNews told of every record once it is in the index */
export const createParkedIndex = (queue: string, onNews: (news: LetterNews) => void, logger: Logger): ParkedIndex => {
  const reading: Reading = {
    ...{ index: createLetterIndex(), last: -1, loaded: false },
    ...{ session: undefined, waiting: new Map<string, PromiseWithResolvers<undefined>>() },
  };
  const begin = Date.now();

  const follow = async (session: Session): Promise<void> => {
    if (await readToTheEnd(reading, session, queue, onNews)) {
      if (!reading.loaded)
        logger.info({ letters: reading.index.size, load_ms: Date.now() - begin }, 'the parked letters are indexed');
      reading.loaded = true;
      return;
    }
    logger.warn(
      { last_position: reading.last },
      'the stream of parked letters is not the one that was read before; reading it anew',
    );
    reading.index = createLetterIndex();
    reading.last = -1;
    reading.loaded = false;
    session.end('the stream of parked letters was replaced');
  };

  return {
    get index() {
      return reading.index;
    },
    isLoaded: () => reading.loaded,
    follow: (session) => {
      readIn(reading, session);
      follow(session).catch((error: unknown) => session.end(error instanceof Error ? error.message : String(error)));
    },
    seen: (note, session) => seenBy(reading, note, session),
    forget: (note) => void reading.waiting.delete(note),
  };
};
