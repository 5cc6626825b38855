// What a broker owes: each delivery a file from before it is promised until how it ended is noted.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import { fromJsonFormat, toJsonFormat } from '../../../core/json-format.ts';
import { readAllJson, writeJson } from '../durable-file.ts';
import { createKeyedMutex } from '../keyed-mutex.ts';

/** What a subscriber answered. `status` undefined: there was no answer. */
export type Delivered = { status?: number; message?: string; retryAfterMs?: number; reply?: CloudEvent };

export type Delivery = {
  id: string;
  trigger: string;
  event: CloudEvent;
  attempts: number;
  firstFailedAt?: number;
  last?: Delivered;
};

type Stored = Omit<Delivery, 'event' | 'last'> & { event: Record<string, unknown>; last?: Omit<Delivered, 'reply'> };

/** Equal source and id is the same event (CloudEvents 3.1.1): to one trigger it is one delivery. */
export const deliveryOf = (trigger: string, event: CloudEvent): Delivery => ({
  id: createHash('sha256').update(`${trigger}\0${event.source}\0${event.id}`).digest('hex').slice(0, 32),
  trigger,
  event,
  attempts: 0,
});

const storedForm = ({ last, event, ...delivery }: Delivery): Stored => ({
  ...delivery,
  event: toJsonFormat(event),
  ...(last?.status === undefined
    ? {}
    : { last: { status: last.status, ...(last.message === undefined ? {} : { message: last.message }) } }),
});

export type Deliveries = {
  /** What is owed from before. */
  load(): Promise<void>;
  /** `new` once it survives the death of the process; `known` if it was owed already, or is owed once more after it has ended. */
  owe(delivery: Delivery): Promise<'new' | 'known'>;
  /** Notes a failed try; `ended` if it has become something else meanwhile. */
  update(delivery: Delivery, failed: Delivery): Promise<'owed' | 'ended'>;
  /**
   * Has it noted how it ended, then forgets it. The note can be seen before, and whoever acts on it means another delivery: an equal
   * event that is owed meanwhile takes its place, and it is `owed` once more.
   */
  end(delivery: Delivery, note: () => Promise<void>): Promise<'forgotten' | 'owed'>;
  /** There was nothing to do. */
  forget(delivery: Delivery): Promise<void>;
  get(id: string): Delivery | undefined;
  all(): Delivery[];
};

export const createDeliveries = (folder: string): Deliveries => {
  const owed = new Map<string, Delivery>();
  /** How these ended is being noted. */
  const ending = new Set<Delivery>();
  /** A file is removed or written, never both at once. */
  const files = createKeyedMutex();
  const pathOf = (id: string): string => join(folder, `${id}.json`);
  const write = async (delivery: Delivery): Promise<void> => writeJson(pathOf(delivery.id), storedForm(delivery));
  const forget = (delivery: Delivery): Promise<'forgotten' | 'owed'> =>
    files.run(delivery.id, async () => {
      const current = owed.get(delivery.id);
      if (current !== undefined && current !== delivery) return 'owed';
      await rm(pathOf(delivery.id), { force: true });
      owed.delete(delivery.id);
      return 'forgotten';
    });
  return {
    load: async () => {
      for (const { event, ...rest } of await readAllJson<Stored>(folder)) {
        if (!owed.has(rest.id)) owed.set(rest.id, { ...rest, event: fromJsonFormat(event) });
      }
    },
    owe: (delivery) =>
      files.run(delivery.id, async () => {
        const known = owed.get(delivery.id);
        if (known !== undefined && !ending.has(known)) return 'known';
        await write(delivery);
        owed.set(delivery.id, delivery);
        return known === undefined ? 'new' : 'known';
      }),
    update: (delivery, failed) =>
      files.run(delivery.id, async () => {
        if (owed.get(delivery.id) !== delivery) return 'ended';
        owed.set(delivery.id, failed);
        await write(failed);
        return 'owed';
      }),
    end: async (delivery, note) => {
      ending.add(delivery);
      try {
        await note();
        return await forget(delivery);
      } finally {
        ending.delete(delivery);
      }
    },
    forget: async (delivery) => {
      await forget(delivery);
    },
    get: (id) => owed.get(id),
    all: () => [...owed.values()],
  };
};
