// A letter that overflowed, expired or was cleaned up, written to the object store: one object each, under the day it last failed.
// Written twice it is the same object, so a crash between writing and acknowledging costs nothing.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disposition } from '../core/letter-flow.ts';
import { toRecord } from '../core/letter-record.ts';
import type { DeadLetter } from '../core/letter.ts';
import type { Logger } from '../ops/logger.ts';
import type { ObjectStore } from '../ports.ts';

export const archiveKey = ({ id, lastFailedAt }: DeadLetter): string =>
  `dead-letters/${new Date(lastFailedAt).toISOString().slice(0, 10).replaceAll('-', '/')}/${id}-${lastFailedAt}.json`;

const maxWaitMs = 30_000;

export const createArchiveLetter =
  (store: Pick<ObjectStore, 'write'>, stopping: AbortSignal, logger: Logger) =>
  async (letter: DeadLetter): Promise<Disposition> => {
    for (let failures = 0; !stopping.aborted; failures++) {
      try {
        await store.write(archiveKey(letter), Buffer.from(JSON.stringify(toRecord(letter))));
        return { to: 'done', letter };
      } catch (error) {
        const waitMs = Math.min(maxWaitMs, 500 * 2 ** Math.min(failures, 10));
        logger.warn({ err: error, letter_id: letter.id, wait_ms: waitMs }, 'a letter could not be archived; trying again');
        await sleep(waitMs, undefined, { signal: stopping }).catch(() => undefined);
      }
    }
    return { to: 'stay', letter };
  };
