// What a letter takes along through the broker, on its event: the broker takes the event and forgets the letter, and if it gives the event
// up once more, the new letter goes on where this one ended. Whoever may send events may write it: nothing in it takes a letter off a list.
import type { DeadLetter, DeliveryAttempt } from './letter.ts';
import { orderedRun } from './letter-flow.ts';
import { plainText } from './plain-text.ts';

export const trailExtension = 'dlqtrail';

export type Trail = {
  readonly firstFailedAt?: number;
  /** The redrive that it was handed to the broker by. */
  readonly redrive?: { readonly run: string };
  readonly history?: readonly DeliveryAttempt[];
};

/** It is a header of every request from then on. */
const maxLength = 2_048;
const maxEntries = 64;
const maxErrorLength = 100;
const maxDestinationLength = 256;

const isMoment = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 8.64e15;
const isText = (value: unknown): value is string => typeof value === 'string';

/** One that can be shown. */
export const isAttempt = (value: unknown): value is DeliveryAttempt => {
  if (typeof value !== 'object' || value === null) return false;
  const { at, attempt, destination } = value as Partial<Record<keyof DeliveryAttempt, unknown>>;
  return isMoment(at) && typeof attempt === 'number' && isText(destination);
};

type Entry = [at: number, attempt: number, destination: string, status: number | null, error: string | null];
type Written = [firstFailedAt: number, run: string, history: Entry[]];

const entryOf = ({ at, attempt, destination, status, error }: DeliveryAttempt): Entry => [
  ...([at, attempt, destination.slice(0, maxDestinationLength), status ?? null] as const),
  error?.slice(0, maxErrorLength) ?? null,
];

const written = (trail: Written): string => Buffer.from(JSON.stringify(trail)).toString('base64url');

/** As an extension's value. Of a long history the oldest go first. */
export const trailOf = ({ firstFailedAt, redrive, history = [] }: DeadLetter): string => {
  // Whoever keeps the order hands letters over by itself, and asks nobody what became of them.
  const run = redrive === undefined || redrive.run === orderedRun ? '' : redrive.run;
  const entries = history.slice(-maxEntries).map(entryOf);
  let text = written([firstFailedAt, run, entries]);
  while (text.length > maxLength && entries.shift() !== undefined) text = written([firstFailedAt, run, entries]);
  return text;
};

const attemptIn = (value: unknown): DeliveryAttempt[] => {
  const [at, attempt, destination, status, error] = Array.isArray(value) ? (value as unknown[]) : [];
  const entry = { at, attempt, destination };
  if (!isAttempt(entry)) return [];
  return [
    {
      at: entry.at,
      attempt: entry.attempt,
      destination: plainText(entry.destination, maxDestinationLength),
      ...(typeof status === 'number' ? { status } : {}),
      ...(isText(error) ? { error: plainText(error, maxErrorLength) } : {}),
    },
  ];
};

/** What can't be read is not there. */
export const readTrail = (value: unknown): Trail => {
  if (!isText(value) || value.length > maxLength) return {};
  try {
    const read: unknown = JSON.parse(Buffer.from(value, 'base64url').toString('utf8'));
    const [firstFailedAt, run, entries] = Array.isArray(read) ? (read as unknown[]) : [];
    const history = Array.isArray(entries) ? entries.slice(-maxEntries).flatMap(attemptIn) : [];
    return {
      ...(isMoment(firstFailedAt) ? { firstFailedAt } : {}),
      ...(isText(run) && /^[\w-]{1,64}$/.test(run) ? { redrive: { run } } : {}),
      ...(history.length > 0 ? { history } : {}),
    };
  } catch {
    return {};
  }
};
