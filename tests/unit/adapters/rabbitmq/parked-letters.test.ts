import { expect, test } from '@jest/globals';
import {
  archiveParked,
  createRabbitDeadLetterQueue,
  type ParkedStream,
} from '../../../../src/adapters/rabbitmq/dead-letter-queue.ts';
import { messageFromLetter } from '../../../../src/adapters/rabbitmq/letter-message.ts';
import type { Link } from '../../../../src/adapters/rabbitmq/link.ts';
import type { ParkedIndex } from '../../../../src/adapters/rabbitmq/parked-index.ts';
import { parkedMessage } from '../../../../src/adapters/rabbitmq/parked-records.ts';
import { queueNames } from '../../../../src/adapters/rabbitmq/topology.ts';
import { CodedError } from '../../../../src/core/errors.ts';
import { createLetterIndex } from '../../../../src/core/letter-index.ts';
import { summaryOf, type DeadLetter } from '../../../../src/core/letter.ts';
import { letterWith } from '../../dlq-consumer/letters.ts';
import { fakeSession, type FakeSession } from './sessions.ts';

const names = queueNames({ prefix: 'q', delaysMs: [] });
const letters = ['aa', 'bb', 'cc'].map((id) => letterWith({ id: id.repeat(16) }));
const bytes = (letter: DeadLetter) => parkedMessage(messageFromLetter(letter));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const streamOf = ({ session }: FakeSession, seen: () => Promise<void>): ParkedStream => {
  const index = createLetterIndex();
  letters.forEach((letter, position) => index.add(summaryOf(letter), position));
  return {
    link: { session: () => session } as unknown as Link,
    names,
    parked: { index, isLoaded: () => true, seen, forget: () => undefined } as unknown as ParkedIndex,
  };
};

test('letters are archived while the index reads nothing: it is waited for when all of them are read', async () => {
  const fake = fakeSession();
  let waits = 0;
  const seen = (): Promise<void> => {
    waits++;
    return Promise.resolve();
  };
  const archiving = archiveParked(
    streamOf(fake, seen),
    letters.map(({ id }) => id),
  );
  await turn();
  for (const [position, letter] of letters.entries()) {
    expect(waits).toBe(0);
    fake.hand(bytes(letter), position);
    await turn();
  }
  expect(await archiving).toBe(3);
  expect(waits).toBe(1);
  expect(fake.published.filter(({ queue }) => queue === names.archive)).toHaveLength(3);
});

test.each([
  ['run-1', undefined],
  ['ordered', 19],
])('handed over in %s a letter has %p deferrals: an operator forgives the waits, the order does not', async (run, deferrals) => {
  const fake = fakeSession();
  const stream = streamOf(fake, () => Promise.resolve());
  const redriving = createRabbitDeadLetterQueue(stream).redrive('aa'.repeat(16), run);
  await turn();
  fake.hand(bytes(letterWith({ id: 'aa'.repeat(16), deferrals: 19 })), 0);
  expect(await redriving).toBe('redriven');
  const due = fake.published.find(({ queue }) => queue === names.due);
  expect(due?.message.properties.headers['x-dlq-deferrals']).toBe(deferrals);
});

test('a session that ends meanwhile fails the cleanup and nothing else', async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on('unhandledRejection', note);
  try {
    const fake = fakeSession(() => Promise.reject(new CodedError('BROKER_UNAVAILABLE', 'The broker did not confirm')));
    const archiving = archiveParked(
      streamOf(fake, () => Promise.resolve()),
      letters.map(({ id }) => id),
    );
    await turn();
    fake.hand(bytes(letterWith({ id: 'aa'.repeat(16) })), 0);
    for (let n = 0; n < 5; n++) await turn();
    expect(unhandled).toEqual([]);
    for (const [position, letter] of letters.entries()) fake.hand(bytes(letter), position);
    await expect(archiving).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
  } finally {
    process.off('unhandledRejection', note);
  }
});
