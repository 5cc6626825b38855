// Parked letters in a stream: browsed without being consumed, from any replica, again after every restart.
import { randomUUID } from 'node:crypto';
import { pageOf } from '../../core/letter-page.ts';
import type { DeadLetter } from '../../core/letter.ts';
import { CodedError } from '../../core/errors.ts';
import type { LetterIndex } from '../../core/letter-index.ts';
import type { DeadLetterQueue } from '../../ports.ts';
import type { Outgoing } from './event-message.ts';
import { messageFromLetter } from './letter-message.ts';
import type { Link } from './link.ts';
import type { ParkedIndex } from './parked-index.ts';
import { readParked, type ParkedLetter } from './parked-reader.ts';
import { leftMessage, markMessage, parkedMessage } from './parked-records.ts';
import { orderedRun, type Departure } from '../../core/letter-flow.ts';
import type { QueueNames } from './topology.ts';

export type ParkedStream = { link: Link; names: QueueNames; parked: ParkedIndex };

/** Letters that are copied at once when many go; of large ones fewer. */
const batch = 50;
const batchBytes = 8 * 2 ** 20;

/** Before everything has been read an answer would be wrong, not only late. */
const loaded = ({ parked }: ParkedStream): LetterIndex => {
  if (!parked.isLoaded())
    throw new CodedError('BROKER_UNAVAILABLE', 'The parked letters are still being read', { retryAfterSeconds: 5 });
  return parked.index;
};

/** Retention took it with its segment. */
const forget = ({ parked: { index } }: ParkedStream, id: string, position: number): void => {
  if (index.positionOf(id) === position) index.remove(id);
};

const find = async (stream: ParkedStream, id: string): Promise<ParkedLetter | undefined> => {
  const position = loaded(stream).positionOf(id);
  if (position === undefined) return undefined;
  for await (const found of readParked(stream.link.session(), stream.names.parked, [position])) return found;
  forget(stream, id, position);
  return undefined;
};

/** Resolves when the index tells of the record, so that a list shows what was done before it. */
const append = async ({ link, names, parked }: ParkedStream, record: (note: string) => Outgoing): Promise<void> => {
  const session = link.session();
  const note = randomUUID();
  const seen = parked.seen(note, session);
  try {
    await Promise.all([seen, session.publisher.publish('', names.parked, record(note))]);
  } finally {
    parked.forget(note);
  }
};

const leave = (stream: ParkedStream, id: string, place: number, departure: Departure, run?: string): Promise<void> =>
  append(stream, (note) => leftMessage({ id, place, departure, ...(run === undefined ? {} : { run }) }, note));

/**
 * One more attempt, at once; what was counted stays counted, so that a letter can't go round for ever. An operator who asks for it
 * forgives the waits; whoever only keeps the order does not.
 */
const redriven = ({ letter, position }: ParkedLetter, run: string): DeadLetter => ({
  ...letter,
  attempts: letter.attempts + 1,
  ...(run === orderedRun ? {} : { deferrals: 0 }),
  redrive: { run, from: position },
  ...(letter.held === undefined ? {} : { held: { ...letter.held, order: letter.held.order ?? position } }),
});

const redrive = async (stream: ParkedStream, id: string, run: string): Promise<'redriven' | 'absent' | 'unreadable'> => {
  const found = await find(stream, id);
  if (found === undefined) return 'absent';
  if (found.letter.event === undefined) return 'unreadable';
  await stream.link.session().publisher.publish('', stream.names.due, messageFromLetter(redriven(found, run)));
  await leave(stream, id, found.position, 'redriven', run);
  return 'redriven';
};

/** Its record is not waited for until all are read: whoever reads letters may be what keeps the index from reading on. */
const archiveOne = async ({ link, names }: ParkedStream, { letter, position }: ParkedLetter): Promise<void> => {
  const { publisher } = link.session();
  await publisher.publish('', names.archive, messageFromLetter(letter));
  await publisher.publish('', names.parked, leftMessage({ id: letter.id, place: position, departure: 'archived' }));
};

/** Resolves when the index tells of everything that was written before. */
const caughtUp = (stream: ParkedStream): Promise<void> => append(stream, (note) => markMessage(note));

/** Ids by position. */
const placesOf = (index: LetterIndex, ids: readonly string[]): Map<number, string> => {
  const places = new Map<number, string>();
  for (const id of ids) {
    const position = index.positionOf(id);
    if (position !== undefined) places.set(position, id);
  }
  return places;
};

/** Answers how many; those that are not there any more are left out. */
export const archiveParked = async (stream: ParkedStream, ids: readonly string[]): Promise<number> => {
  let moved = 0;
  for (let first = 0; first < ids.length; first += batch) {
    const missing = placesOf(loaded(stream), ids.slice(first, first + batch));
    const positions = [...missing.keys()].sort((a, b) => a - b);
    const moving: Promise<void>[] = [];
    let bytes = 0;
    for await (const found of readParked(stream.link.session(), stream.names.parked, positions)) {
      missing.delete(found.position);
      const move = archiveOne(stream, found);
      // It is waited for below; while the next letter is read, a session that ends must not make it a failure that nobody handles.
      move.catch(() => undefined);
      moving.push(move);
      bytes += found.bytes;
      if (bytes < batchBytes) continue;
      await Promise.all(moving);
      bytes = 0;
    }
    await Promise.all(moving);
    for (const [position, id] of missing) forget(stream, id, position);
    moved += moving.length;
  }
  if (moved > 0) await caughtUp(stream);
  return moved;
};

export const createRabbitDeadLetterQueue = (stream: ParkedStream): DeadLetterQueue => ({
  put: (letter) => append(stream, (note) => parkedMessage(messageFromLetter(letter), note)),
  get: async (id) => (await find(stream, id))?.letter,
  // eslint-disable-next-line @typescript-eslint/require-await -- so that a bad cursor rejects
  list: async (filter, page) => pageOf(loaded(stream), filter, page),
  // eslint-disable-next-line @typescript-eslint/require-await -- the same
  matching: async (filter) => loaded(stream).matching(filter),
  redrive: (id, run = 'single') => redrive(stream, id, run),
  purge: async (id) => {
    const place = loaded(stream).positionOf(id);
    if (place === undefined) return 'absent';
    await leave(stream, id, place, 'purged');
    return 'purged';
  },
  // eslint-disable-next-line @typescript-eslint/require-await -- the same
  stats: async (now) => {
    const oldest = loaded(stream).oldestFailure();
    return { depth: loaded(stream).size, oldestAgeMs: oldest === undefined ? 0 : Math.max(0, now - oldest) };
  },
});
