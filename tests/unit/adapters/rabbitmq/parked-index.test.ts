import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { messageFromLetter } from '../../../../src/adapters/rabbitmq/letter-message.ts';
import { createParkedIndex, type ParkedIndex } from '../../../../src/adapters/rabbitmq/parked-index.ts';
import { markMessage, parkedMessage } from '../../../../src/adapters/rabbitmq/parked-records.ts';
import { createLogger } from '../../../../src/ops/logger.ts';
import { letterWith } from '../../dlq-consumer/letters.ts';
import { fakeSession, type FakeSession } from './sessions.ts';

const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' });
const turn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

const open: FakeSession[] = [];
const following = async (fake: FakeSession): Promise<ParkedIndex> => {
  const parked = createParkedIndex('parked', () => undefined, logger);
  open.push(fake);
  parked.follow(fake.session);
  for (let n = 0; n < 10; n++) await turn();
  return parked;
};

describe('the index of parked letters', () => {
  afterEach(() => {
    jest.useRealTimers();
    for (const { end } of open.splice(0)) end('the test is over');
  });

  test('is loaded when its own mark was read, and holds what came before it', async () => {
    const fake = fakeSession();
    const parked = await following(fake);
    expect(parked.isLoaded()).toBe(false);
    fake.hand(parkedMessage(messageFromLetter(letterWith())), 0);
    const [mark] = fake.published;
    if (mark !== undefined) fake.hand(mark.message, 1);
    for (let n = 0; n < 10; n++) await turn();
    expect([parked.isLoaded(), parked.index.size]).toEqual([true, 1]);
  });

  test('keeps nothing of what was waited for: a session lives for weeks', async () => {
    const fake = fakeSession();
    const parked = await following(fake);
    const before = fake.reactions;
    for (let n = 0; n < 100; n++) {
      const seen = parked.seen(`note-${n}`, fake.session);
      fake.hand(markMessage(`note-${n}`), n);
      await seen;
    }
    expect(fake.reactions).toBe(before);
  });

  test('lets nobody wait for a session that is over', async () => {
    const fake = fakeSession();
    const parked = await following(fake);
    const forgotten = parked.seen('forgotten', fake.session);
    parked.forget('forgotten');
    const seen = parked.seen('note', fake.session);
    fake.end('the broker went away');
    await expect(seen).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await expect(parked.seen('later', fake.session)).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(await Promise.race([forgotten, turn().then(() => 'nothing')])).toBe('nothing');
  });

  test('stays while the broker confirms nothing, for however long: only silence after the mark means another stream', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
    const alarm = Promise.withResolvers<undefined>();
    const fake = fakeSession(() => alarm.promise);
    const parked = await following(fake);
    fake.hand(parkedMessage(messageFromLetter(letterWith())), 0);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(parked.index.size).toBe(1);
    alarm.resolve(undefined);
    await jest.advanceTimersByTimeAsync(9_000);
    expect(parked.index.size).toBe(1);
    await jest.advanceTimersByTimeAsync(5_000);
    expect(parked.index.size).toBe(0);
    expect(await fake.session.ended).toBe('the stream of parked letters was replaced');
  });
});
