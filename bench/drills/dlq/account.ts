// Where every letter ended: the conservation count.
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LetterRecord } from '../../../src/core/letter-record.ts';
import type { ConsumerProcess } from './consumer-process.ts';
import type { DrillLetter } from './letters.ts';
import { hasReply, type Seen, type Subscriber } from './subscriber.ts';

export type Account = {
  sent: number;
  redelivered: number;
  parked: number;
  archived: number;
  lost: string[];
  /** Taken more than once by the subscriber. */
  takenTwice: number;
  /** Taken, and parked or archived as well. */
  takenAndKept: number;
  /** Requests beyond the first one of the same attempt. */
  repeatedAttempts: number;
  /** Letters with more attempts than they have. */
  overtried: string[];
  repliesMissing: string[];
};

const nameIn = (record: Pick<LetterRecord, 'event' | 'raw'>): string => {
  if (record.event !== undefined) return String(record.event.id);
  const bytes = Buffer.from(record.raw?.bytes_base64 ?? '', 'base64').toString('utf8');
  return /"name":"([^"]+)"/.exec(bytes)?.[1] ?? bytes;
};

export const listParked = async (consumer: ConsumerProcess): Promise<Set<string>> => {
  const names = new Set<string>();
  let cursor: unknown = '';
  while (typeof cursor === 'string') {
    const page = await consumer.ask('GET', `/dead-letters?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`);
    for (const letter of page.dead_letters as { id: string; event_id?: string }[]) {
      if (letter.event_id !== undefined) names.add(letter.event_id);
      else names.add(nameIn(await consumer.ask('GET', `/dead-letters/${letter.id}`)));
    }
    cursor = page.cursor;
  }
  return names;
};

export const listArchived = async (folder: string): Promise<Set<string>> => {
  const names = new Set<string>();
  for await (const path of glob('**/*.json', { cwd: folder })) {
    names.add(nameIn(JSON.parse(await readFile(join(folder, path), 'utf8')) as LetterRecord));
  }
  return names;
};

const repeats = ({ attempts }: Seen): number => attempts.length - new Set(attempts).size;

export const account = (
  letters: readonly DrillLetter[],
  subscriber: Subscriber,
  parked: ReadonlySet<string>,
  archived: ReadonlySet<string>,
  maxAttempts: number,
): Account => {
  const seen = [...subscriber.seen.entries()];
  const taken = new Set(seen.filter(([, { taken: count }]) => count > 0).map(([name]) => name));
  const isKept = (name: string): boolean => parked.has(name) || archived.has(name);
  return {
    sent: letters.length,
    redelivered: letters.filter(({ name }) => taken.has(name)).length,
    parked: letters.filter(({ name }) => parked.has(name)).length,
    archived: letters.filter(({ name }) => archived.has(name)).length,
    lost: letters.map(({ name }) => name).filter((name) => !taken.has(name) && !isKept(name)),
    takenTwice: seen.filter(([, { taken: count }]) => count > 1).length,
    takenAndKept: [...taken].filter(isKept).length,
    repeatedAttempts: seen.reduce((sum, [, found]) => sum + repeats(found), 0),
    overtried: seen
      .filter(([, { attempts }]) => new Set(attempts).size > maxAttempts || attempts.some((n) => n > maxAttempts))
      .map(([name]) => name),
    repliesMissing: letters
      .filter(({ kind, name }) => kind === 'replies' && taken.has(name) && !isKept(name))
      .map(({ name }) => name)
      .filter((name) => hasReply(name) && !subscriber.replies.has(`${name}-reply`)),
  };
};
