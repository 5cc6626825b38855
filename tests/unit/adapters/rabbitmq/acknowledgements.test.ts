import { describe, expect, test } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import fc from 'fast-check';
import { createAcknowledgements } from '../../../../src/adapters/rabbitmq/acknowledgements.ts';

const messageOf = (deliveryTag: number): ConsumeMessage => ({ fields: { deliveryTag } }) as ConsumeMessage;

/** What RabbitMQ still waits for. As with RabbitMQ, a tag that is not outstanding is an error. */
const outstandingOf = (count: number) => {
  const tags = new Set(Array.from({ length: count }, (_, index) => index + 1));
  const frames: [tag: number, andAllBefore: boolean][] = [];
  const channel = {
    ack: ({ fields: { deliveryTag } }: ConsumeMessage, andAllBefore = false) => {
      if (!tags.has(deliveryTag)) throw new Error(`unknown delivery tag ${deliveryTag}`);
      frames.push([deliveryTag, andAllBefore]);
      for (const tag of tags) if (tag === deliveryTag || (andAllBefore && tag < deliveryTag)) tags.delete(tag);
    },
  };
  return { tags, frames, channel };
};

describe('acknowledgements', () => {
  test('cover exactly the letters that are settled, in whatever order they are', async () => {
    const order = fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(order, fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }), async (settled, pauses) => {
        const { tags, channel } = outstandingOf(20);
        const acknowledgements = createAcknowledgements(channel);
        const messages = [...tags].map(messageOf);
        for (const message of messages) acknowledgements.received(message);
        for (const tag of settled) {
          acknowledgements.settled(messages[tag - 1] as ConsumeMessage);
          if (pauses[tag - 1] === true) await new Promise(setImmediate);
        }
        acknowledgements.flush();
        expect([...tags]).toEqual(messages.map(({ fields }) => fields.deliveryTag).filter((tag) => !settled.includes(tag)));
      }),
    );
  });

  test('of what one confirm settles are one frame, sent before the event loop goes on', async () => {
    const { tags, frames, channel } = outstandingOf(5);
    const acknowledgements = createAcknowledgements(channel);
    const messages = [...tags].map(messageOf);
    for (const message of messages) acknowledgements.received(message);
    await Promise.all(messages.slice(0, 4).map((message) => Promise.resolve(message).then(acknowledgements.settled)));
    await new Promise((resolve) => process.nextTick(resolve));
    expect(frames).toEqual([[4, true]]);
  });

  test('leave alone a letter that stays, and do not wait for it', () => {
    const { tags, frames, channel } = outstandingOf(3);
    const acknowledgements = createAcknowledgements(channel);
    const messages = [...tags].map(messageOf);
    for (const message of messages) acknowledgements.received(message);
    for (const message of messages.slice(1)) acknowledgements.settled(message);
    acknowledgements.flush();
    expect(frames).toEqual([
      [2, false],
      [3, false],
    ]);
  });

  test('that the channel refuses end nothing', () => {
    const acknowledgements = createAcknowledgements(outstandingOf(0).channel);
    acknowledgements.received(messageOf(1));
    acknowledgements.settled(messageOf(1));
    expect(() => acknowledgements.flush()).not.toThrow();
  });
});
