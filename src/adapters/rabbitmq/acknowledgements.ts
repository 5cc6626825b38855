// Acknowledgements, gathered: letters that are settled in one go leave with as few frames as their order allows, since for a quorum
// queue each frame is an entry in its log.
import type { Channel, ConsumeMessage } from 'amqplib';

export type Acknowledgements = {
  /** In the order in which they were handed out. */
  received: (message: ConsumeMessage) => void;
  /** It leaves with all that is settled until the event loop goes on. */
  settled: (message: ConsumeMessage) => void;
  /** Sends what is settled, now. */
  flush: () => void;
};

export const createAcknowledgements = (channel: Pick<Channel, 'ack'>): Acknowledgements => {
  let inHand: ConsumeMessage[] = [];
  const settled = new Set<ConsumeMessage>();

  const send = (message: ConsumeMessage, andAllBefore: boolean): void => {
    try {
      channel.ack(message, andAllBefore);
    } catch {
      // The session ended meanwhile. The broker hands the letter out again: the copy makes it a duplicate, never a loss.
    }
  };
  const flush = (): void => {
    if (settled.size === 0) return;
    const firstOpen = inHand.findIndex((message) => !settled.has(message));
    const done = firstOpen === -1 ? inHand.length : firstOpen;
    const last = inHand[done - 1];
    if (last !== undefined) send(last, true);
    for (const message of inHand.slice(done)) if (settled.has(message)) send(message, false);
    inHand = inHand.filter((message) => !settled.has(message));
    settled.clear();
  };
  return {
    received: (message) => void inHand.push(message),
    settled: (message) => {
      // After all that the same confirm settles.
      if (settled.size === 0) process.nextTick(flush);
      settled.add(message);
    },
    flush,
  };
};
