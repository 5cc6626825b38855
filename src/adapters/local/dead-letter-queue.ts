// Dead letters as a directory: one file each, named by its place in the order, and an index of them in memory.
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createLetterIndex, type LetterIndex } from '../../core/letter-index.ts';
import { pageOf } from '../../core/letter-page.ts';
import { fromRecord, toRecord, type LetterRecord } from '../../core/letter-record.ts';
import { summaryOf, type DeadLetter } from '../../core/letter.ts';
import type { DeadLetterQueue } from '../../ports.ts';
import type { Logger } from '../../ops/logger.ts';
import { namesIn, readJson, removeHalfWritten, writeJson } from './durable-file.ts';

const fileName = /^(\d{15})\.json$/;
const nameOf = (position: number): string => `${String(position).padStart(15, '0')}.json`;

export type LocalDeadLetterOptions = {
  /** Resolves once the broker owes the delivery of the letter's event to the letter's destination. */
  redeliver: (letter: DeadLetter & { event: object }) => Promise<void>;
  logger: Logger;
};

/** A file that is no letter is moved aside, never deleted: someone may want to look at it. */
const loadLetter = async (folder: string, name: string, logger: Logger): Promise<DeadLetter | undefined> => {
  try {
    const record = await readJson<LetterRecord>(join(folder, name));
    return record === undefined ? undefined : fromRecord(record);
  } catch (error) {
    logger.error({ err: error, file: name }, 'a dead letter file is not readable and was moved aside');
    await rename(join(folder, name), join(folder, `${name}.unreadable`));
    return undefined;
  }
};

/** Fills the index from the folder and answers the highest position in it. */
const load = async (folder: string, index: LetterIndex, logger: Logger): Promise<number> => {
  let highest = 0;
  await mkdir(folder, { recursive: true });
  await removeHalfWritten(folder);
  for (const name of (await namesIn(folder)).sort()) {
    const position = Number(fileName.exec(name)?.[1] ?? 0);
    const letter = position === 0 ? undefined : await loadLetter(folder, name, logger);
    if (letter === undefined) continue;
    // A crash between writing the newer file and removing the older one left both.
    const older = index.remove(letter.id);
    if (older !== undefined) await rm(join(folder, nameOf(older)), { force: true });
    index.add(summaryOf(letter), position);
    highest = position;
  }
  return highest;
};

/** @param folder belongs to this queue alone; it need not exist */
export const createLocalDeadLetterQueue = async (
  folder: string,
  { redeliver, logger }: LocalDeadLetterOptions,
): Promise<DeadLetterQueue> => {
  const index = createLetterIndex();
  let last = await load(folder, index, logger);

  const get = async (id: string): Promise<DeadLetter | undefined> => {
    const position = index.positionOf(id);
    const record = position === undefined ? undefined : await readJson<LetterRecord>(join(folder, nameOf(position)));
    return record === undefined ? undefined : fromRecord(record);
  };

  /** Takes out exactly that file: a letter that came back meanwhile has another. */
  const drop = async (id: string, position: number): Promise<boolean> => {
    if (index.positionOf(id) !== position) return false;
    index.remove(id);
    await rm(join(folder, nameOf(position)), { force: true });
    return true;
  };

  return {
    put: async (letter) => {
      const position = ++last;
      await writeJson(join(folder, nameOf(position)), toRecord(letter));
      const older = index.positionOf(letter.id);
      // The one that was put later is the letter, whichever was written first.
      if (older === undefined || older < position) index.add(summaryOf(letter), position);
      if (older !== undefined) await rm(join(folder, nameOf(Math.min(older, position))), { force: true });
    },
    get,
    // eslint-disable-next-line @typescript-eslint/require-await -- so that a bad cursor rejects
    list: async (filter, page) => pageOf(index, filter, page),
    matching: (filter) => Promise.resolve(index.matching(filter)),
    redrive: async (id) => {
      const position = index.positionOf(id);
      const letter = await get(id);
      if (position === undefined || letter === undefined) return 'absent';
      if (letter.event === undefined) return 'unreadable';
      await redeliver(letter);
      await drop(id, position);
      return 'redriven';
    },
    purge: async (id) => {
      const position = index.positionOf(id);
      return position !== undefined && (await drop(id, position)) ? 'purged' : 'absent';
    },
    stats: (now) => {
      const oldest = index.oldestFailure();
      return Promise.resolve({ depth: index.size, oldestAgeMs: oldest === undefined ? 0 : Math.max(0, now - oldest) });
    },
  };
};
