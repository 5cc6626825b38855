// What is written into the stream of parked letters: the letters, and what became of them. The state is what is left after reading all.
import type { Message } from 'amqplib';
import type { Departure, LetterNews } from '../../core/letter-flow.ts';
import type { Outgoing } from './event-message.ts';
import { heldIn, letterHeaders } from './letter-message.ts';
import { summaryFromMessage } from './letter-summary.ts';

const departures: readonly string[] = ['redriven', 'purged', 'archived', 'delivered', 'handed_to_broker'] satisfies Departure[];

/** Before any record: what is said of a letter there takes none off the list. */
export const noPlace = -1;

/** A mark only says how far was read. */
export type ParkedRecord = LetterNews | { kind: 'mark'; position: number };

const headers = { kind: 'x-dlq-record', place: 'x-dlq-place', departure: 'x-dlq-departure', note: 'x-dlq-note' } as const;

/** The writer recognises its own record by the note. */
const noted = (note: string | undefined): Record<string, string> => (note === undefined ? {} : { [headers.note]: note });

export const parkedMessage = (message: Outgoing, note?: string): Outgoing => {
  message.properties.headers[headers.kind] = 'parked';
  if (note !== undefined) message.properties.headers[headers.note] = note;
  return message;
};

const empty = Buffer.alloc(0);

export const leftMessage = (
  left: { id: string; place: number; departure: Departure; run?: string },
  note?: string,
): Outgoing => ({
  content: empty,
  properties: {
    persistent: true,
    headers: {
      [headers.kind]: 'left',
      [letterHeaders.id]: left.id,
      [headers.place]: left.place,
      [headers.departure]: left.departure,
      ...(left.run === undefined ? {} : { [letterHeaders.run]: left.run }),
      ...noted(note),
    },
  },
});

export const markMessage = (note: string): Outgoing => ({
  content: empty,
  properties: { persistent: true, headers: { [headers.kind]: 'mark', ...noted(note) } },
});

export const positionOfRecord = (message: Message): number => Number(message.properties.headers?.['x-stream-offset'] ?? -1);

export const noteOf = (message: Message): string | undefined => {
  const note: unknown = message.properties.headers?.[headers.note];
  return typeof note === 'string' ? note : undefined;
};

const textIn = (message: Message, name: string): string | undefined => {
  const value: unknown = message.properties.headers?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

const leftRecord = (message: Message, position: number): ParkedRecord | undefined => {
  const id = textIn(message, letterHeaders.id);
  const departure = textIn(message, headers.departure);
  const place: unknown = message.properties.headers?.[headers.place];
  if (id === undefined || typeof place !== 'number' || departure === undefined || !departures.includes(departure))
    return undefined;
  const run = textIn(message, letterHeaders.run);
  return {
    ...{ kind: 'left', position, id, place, departure: departure as Departure },
    ...(run === undefined ? {} : { run, byBroker: place === noPlace }),
  };
};

/** Undefined for what is none of our records: someone else wrote into the stream. */
export const recordOf = (message: Message, now: number): ParkedRecord | undefined => {
  const position = positionOfRecord(message);
  const kind = textIn(message, headers.kind);
  if (kind === 'mark') return { kind, position };
  if (kind === 'left') return leftRecord(message, position);
  if (kind !== 'parked') return undefined;
  const letter = summaryFromMessage(message, now);
  const run = textIn(message, letterHeaders.run);
  const held = heldIn(message.properties.headers ?? {});
  return {
    ...{ kind, position, letter },
    ...(run === undefined ? {} : { run, byBroker: message.properties.headers?.[letterHeaders.from] === undefined }),
    ...(held === undefined ? {} : { held: { dueAt: held.dueAt, order: held.order ?? position } }),
  };
};
