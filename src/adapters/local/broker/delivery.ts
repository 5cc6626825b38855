// What a broker owes: each delivery a file from before it is promised until how it ended is noted.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import { fromJsonFormat, toJsonFormat } from '../../../core/json-format.ts';
import { readAllJson, writeJson } from '../durable-file.ts';

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
  /** `new` once it survives the death of the process; `known` if it was owed already, or another call has just written it. */
  owe(delivery: Delivery): Promise<'new' | 'known'>;
  /** Notes a failed try. */
  update(delivery: Delivery): Promise<void>;
  forget(delivery: Delivery): Promise<void>;
  get(id: string): Delivery | undefined;
  all(): Delivery[];
};

export const createDeliveries = (folder: string): Deliveries => {
  const owed = new Map<string, Delivery>();
  const writing = new Map<string, Promise<void>>();
  const pathOf = (id: string): string => join(folder, `${id}.json`);
  return {
    load: async () => {
      for (const { event, ...rest } of await readAllJson<Stored>(folder)) {
        if (!owed.has(rest.id)) owed.set(rest.id, { ...rest, event: fromJsonFormat(event) });
      }
    },
    owe: async (delivery) => {
      if (owed.has(delivery.id)) return 'known';
      const before = writing.get(delivery.id);
      if (before !== undefined) {
        await before;
        return 'known';
      }
      const write = writeJson(pathOf(delivery.id), storedForm(delivery));
      writing.set(delivery.id, write);
      try {
        await write;
        owed.set(delivery.id, delivery);
        return 'new';
      } finally {
        writing.delete(delivery.id);
      }
    },
    update: async (delivery) => {
      owed.set(delivery.id, delivery);
      await writeJson(pathOf(delivery.id), storedForm(delivery));
    },
    forget: async ({ id }) => {
      await rm(pathOf(id), { force: true });
      owed.delete(id);
    },
    get: (id) => owed.get(id),
    all: () => [...owed.values()],
  };
};
