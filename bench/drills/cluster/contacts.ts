// How often each event was offered to a builder, by whomever: once delivered, an event has one outcome; delivered again, it may have
// its outcome again.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';

export type Contacts = { count: (event: CloudEvent) => void; of(id: string): number };

export const createContacts = (): Contacts => {
  const counts = new Map<string, number>();
  const of = (id: string): number => counts.get(id) ?? 0;
  return { count: ({ id }) => void counts.set(id, of(id) + 1), of };
};
