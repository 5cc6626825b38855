// Reads parked letters back from their places in the stream.
import type { ConsumeMessage } from 'amqplib';
import { CodedError } from '../../core/errors.ts';
import type { DeadLetter } from '../../core/letter.ts';
import { letterFromMessage } from './letter-message.ts';
import { positionOfRecord } from './parked-records.ts';
import type { HeldBytes } from './held-bytes.ts';
import type { Session } from './session.ts';

/** `bytes` are those of its message. */
export type ParkedLetter = { position: number; letter: DeadLetter; bytes: number };

/** Messages that were sent and not taken yet, for one reader. */
type Inbox = {
  push(message: ConsumeMessage): void;
  close(): void;
  /** @throws CodedError BROKER_UNAVAILABLE when nothing comes: that does not prove that nothing is there */
  next(): Promise<ConsumeMessage>;
};

const patienceMs = 5_000;
const prefetch = 20;

const createInbox = (held: HeldBytes): Inbox => {
  const messages: ConsumeMessage[] = [];
  let closed = false;
  let wake = Promise.withResolvers<undefined>();
  const take = (): ConsumeMessage | undefined => {
    const message = messages.shift();
    if (message !== undefined) held.release(message.content.length);
    return message;
  };
  return {
    push: (message) => {
      if (closed) return;
      held.add(message.content.length);
      messages.push(message);
      wake.resolve(undefined);
    },
    close: () => {
      closed = true;
      while (take() !== undefined);
      wake.resolve(undefined);
    },
    next: async () => {
      const deadline = Date.now() + patienceMs;
      while (messages.length === 0 && !closed && Date.now() < deadline) {
        wake = Promise.withResolvers();
        const timer = setTimeout(wake.resolve, deadline - Date.now(), undefined);
        await wake.promise;
        clearTimeout(timer);
      }
      const message = closed ? undefined : take();
      if (message === undefined) throw new CodedError('BROKER_UNAVAILABLE', 'The broker did not hand out a parked letter');
      return message;
    },
  };
};

/**
 * Reads on from the first of the positions to the last one.
 * @param positions ascending. What retention has removed meanwhile is left out: a later record says so, and there always is one,
 * since a segment is only removed when another one has begun
 */
export const readParked = async function* (
  session: Session,
  queue: string,
  positions: readonly number[],
): AsyncGenerator<ParkedLetter, void, undefined> {
  const [first] = positions;
  const last = positions.at(-1);
  if (first === undefined || last === undefined) return;
  const wanted = new Set(positions);
  const channel = await session.openReader(prefetch);
  const inbox = createInbox(session.heldByReaders);
  channel.on('close', () => inbox.close());
  try {
    const receive = (message: ConsumeMessage | null): void => (message === null ? inbox.close() : inbox.push(message));
    await channel.consume(queue, receive, { arguments: { 'x-stream-offset': first } });
    for (;;) {
      const message = await inbox.next();
      const position = positionOfRecord(message);
      if (wanted.has(position)) yield { position, letter: letterFromMessage(message, Date.now()), bytes: message.content.length };
      if (position >= last) return;
      channel.ack(message);
    }
  } finally {
    inbox.close();
    await channel.close().catch(() => undefined);
  }
};
