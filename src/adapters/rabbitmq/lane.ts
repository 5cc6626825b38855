// One queue's letters, one after the other through a handler: copy, confirm, acknowledge. Nothing is acknowledged before what
// replaces it is confirmed, so a crash at any line leaves the letter where it was, at worst with a copy of it already elsewhere.
import type { ConsumeMessage } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Disposition } from '../../core/letter-flow.ts';
import type { DeadLetter } from '../../core/letter.ts';
import type { Logger } from '../../ops/logger.ts';
import { createAcknowledgements } from './acknowledgements.ts';
import { letterFromMessage, unparsedLetter } from './letter-message.ts';
import type { Session } from './session.ts';

export type LaneOptions = {
  queue: string;
  /** Letters in hand at once. */
  prefetch: number;
  /** No other process consumes meanwhile; whoever else tries is refused, and tries again. */
  exclusive: boolean;
  handle: (letter: DeadLetter, bytes: number) => Disposition | Promise<Disposition>;
  /** Resolves when the copy that the disposition asks for is confirmed. */
  carryOut: (session: Session, disposition: Disposition) => Promise<void>;
  logger: Logger;
};

export type Lane = {
  /** Takes no more letters, and resolves when those in hand are settled. */
  drain(): Promise<void>;
};

/** A letter that was handed out this often without an outcome is the likely reason for that. */
export const maxDeliveries = 20;
const retryMs = 1_000;

const deliveriesOf = ({ properties }: ConsumeMessage): number => {
  const count: unknown = properties.headers?.['x-delivery-count'];
  return typeof count === 'number' ? count : 0;
};

/** Reading no more than that is not what ends a process. */
const harmlessBytes = 65_536;

/** A small one stays a letter that can be redriven: it may only have been in hand while another one ended the process. */
const suspicious = (message: ConsumeMessage, deliveries: number): Disposition => {
  const why = `It was taken up ${deliveries} times and no process finished with it`;
  if (message.content.length > harmlessBytes) return { to: 'park', letter: unparsedLetter(message, why, Date.now()) };
  const letter = letterFromMessage(message, Date.now());
  return { to: 'park', letter: { ...letter, reason: `${why}; before: ${letter.reason}` } };
};

const decide = async (options: LaneOptions, message: ConsumeMessage): Promise<Disposition> => {
  const deliveries = deliveriesOf(message);
  if (deliveries >= maxDeliveries) return suspicious(message, deliveries);
  const letter = letterFromMessage(message, Date.now());
  try {
    return await options.handle(letter, message.content.length);
  } catch (error) {
    // It would fail the same way again: an operator has to see it, and it must not stop the others.
    options.logger.error(
      { err: error, letter_id: letter.id, queue: options.queue },
      'a letter could not be judged and is parked',
    );
    return { to: 'park', letter: { ...letter, reason: `The consumer failed on it; before: ${letter.reason}` } };
  }
};

/** Tries for as long as the session lives: what was decided is not decided again. False: the letter stays where it is. */
const carryOutAtLast = async (
  session: Session,
  isOpen: () => boolean,
  options: LaneOptions,
  disposition: Disposition,
): Promise<boolean> => {
  while (isOpen() && disposition.to !== 'stay') {
    try {
      await options.carryOut(session, disposition);
      return true;
    } catch (error) {
      if (!isOpen()) return false;
      options.logger.warn(
        { err: error, letter_id: disposition.letter.id, queue: options.queue },
        'a letter could not be copied; trying again',
      );
      await sleep(retryMs);
    }
  }
  return false;
};

export const openLane = async (session: Session, options: LaneOptions): Promise<Lane> => {
  const channel = await session.openConsumer(options.prefetch);
  const acknowledgements = createAcknowledgements(channel);
  let isOpen = true;
  void session.ended.then(() => (isOpen = false));
  const inHand = new Set<Promise<void>>();

  const settle = async (message: ConsumeMessage): Promise<void> => {
    const disposition = await decide(options, message);
    if (await carryOutAtLast(session, () => isOpen, options, disposition)) acknowledgements.settled(message);
  };
  const receive = (message: ConsumeMessage | null): void => {
    if (message === null) {
      session.end(`the consumer of "${options.queue}" was cancelled`);
      return;
    }
    acknowledgements.received(message);
    const bytes = message.content.length;
    session.held.add(bytes);
    const settled = settle(message).finally(() => {
      session.held.release(bytes);
      inHand.delete(settled);
    });
    inHand.add(settled);
  };
  const { consumerTag } = await channel.consume(options.queue, receive, { exclusive: options.exclusive });
  return {
    drain: async () => {
      if (isOpen) await channel.cancel(consumerTag).catch(() => undefined);
      while (inHand.size > 0) await Promise.all(inHand);
      acknowledgements.flush();
    },
  };
};
