// What was decided about a letter, done: each line is one confirmed copy. Who calls this acknowledges the original afterwards.
import type { Disposition } from '../../core/letter-flow.ts';
import { messageFromLetter } from './letter-message.ts';
import { leftMessage, noPlace, parkedMessage } from './parked-records.ts';
import type { Publisher } from './publisher.ts';
import type { QueueNames } from './topology.ts';

/** A delay goes up to a fifth beyond its queue's (the jitter); a longer one belongs into the next queue. */
const tolerance = 1.2;

/** RabbitMQ expires messages at a queue's head only: a queue holds similar delays, so that a long one in front costs the others little. */
const delayQueueFor = (names: QueueNames, delayMs: number): string =>
  (names.delays.find((queue) => delayMs <= queue.delayMs * tolerance) ?? names.delays.at(-1))?.name ?? names.due;

/** Resolves with the confirm. */
export const carryOut = async (publisher: Publisher, names: QueueNames, disposition: Disposition): Promise<void> => {
  const { letter } = disposition;
  if (disposition.to === 'park') {
    await publisher.publish('', names.parked, parkedMessage(messageFromLetter(letter)));
  } else if (disposition.to === 'delay') {
    const message = messageFromLetter(letter);
    message.properties.expiration = String(Math.max(1, Math.round(disposition.delayMs)));
    await publisher.publish('', delayQueueFor(names, disposition.delayMs), message);
  } else if (disposition.to === 'done' && letter.redrive !== undefined) {
    const { byBroker = false } = disposition;
    const { run, from: place = noPlace } = letter.redrive;
    // The broker had it before: nothing new is to be told.
    if (byBroker && place === noPlace) return;
    // Also takes it off the list, should a crash have kept the redrive from doing so.
    const departure = byBroker ? 'handed_to_broker' : 'delivered';
    await publisher.publish('', names.parked, leftMessage({ id: letter.id, place, departure, run }));
  }
};
