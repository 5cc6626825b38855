import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LetterNews } from '../../../src/core/letter-flow.ts';
import { createOrderKeeper, heldInOrder, type OrderKeeper } from '../../../src/dlq-consumer/order.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import { letterWith, now } from './letters.ts';

const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' });

describe('letters of one function in their order', () => {
  let handed: string[];
  let keeper: OrderKeeper;
  let complete: boolean;
  let broken: boolean;
  beforeEach(() => {
    jest.useFakeTimers({ now });
    handed = [];
    complete = true;
    broken = false;
    keeper = createOrderKeeper({
      handOver: (id) => {
        if (broken) return Promise.reject(new Error('broker away'));
        handed.push(id);
        return Promise.resolve('redriven');
      },
      isComplete: () => Promise.resolve(complete),
      logger,
      now: Date.now,
    });
  });
  afterEach(() => {
    keeper.close();
    jest.useRealTimers();
  });

  let position = 0;
  const summary = (id: string, name: string) => ({ ...letterWith({ id }), tenant: 'acme', function: name });
  const held = (id: string, dueInMs = 0, more: { order?: number; run?: string; function?: string } = {}): LetterNews => ({
    kind: 'parked',
    position: ++position,
    letter: summary(id, more.function ?? 'parser'),
    held: { dueAt: Date.now() + dueInMs, order: more.order ?? position },
    ...(more.run === undefined ? {} : { run: more.run }),
  });
  const left = (id: string, departure: 'redriven' | 'delivered' | 'purged', place = position): LetterNews => ({
    kind: 'left',
    position: ++position,
    id,
    place,
    departure,
  });
  const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

  test('the second is handed over when the first was delivered, and not before', async () => {
    keeper.onNews(held('a'));
    keeper.onNews(held('b'));
    await pass(1_000);
    expect(handed).toEqual(['a']);
    keeper.onNews(left('a', 'redriven'));
    await pass(1_000);
    expect(handed).toEqual(['a']);
    keeper.onNews(left('a', 'delivered'));
    await pass(1_000);
    expect(handed).toEqual(['a', 'b']);
  });

  test('one that fails before its going is written down is held all the same, and its turn comes again', async () => {
    keeper.onNews(held('a', 0, { order: 1 }));
    const place = position;
    await pass(200);
    keeper.onNews(held('a', 500, { order: 1, run: 'ordered' }));
    keeper.onNews(left('a', 'redriven', place));
    await pass(1_000);
    expect(handed).toEqual(['a', 'a']);
    keeper.onNews(held('b', 0, { order: 2 }));
    keeper.onNews(left('a', 'delivered'));
    await pass(200);
    expect(handed).toEqual(['a', 'a', 'b']);
  });

  test('one that fails again keeps its place: who comes after it goes on waiting', async () => {
    keeper.onNews(held('a', 0, { order: 1 }));
    keeper.onNews(held('b', 0, { order: 2 }));
    await pass(200);
    keeper.onNews(left('a', 'redriven'));
    keeper.onNews(held('a', 5_000, { order: 1, run: 'ordered' }));
    await pass(4_000);
    expect(handed).toEqual(['a']);
    await pass(2_000);
    expect(handed).toEqual(['a', 'a']);
  });

  test('one that is parked for good, or purged, makes room', async () => {
    keeper.onNews(held('a'));
    keeper.onNews(held('b'));
    keeper.onNews(held('c'));
    await pass(200);
    keeper.onNews({ kind: 'parked', position: ++position, letter: summary('a', 'parser'), run: 'ordered' });
    await pass(200);
    keeper.onNews(left('b', 'purged'));
    await pass(200);
    expect(handed).toEqual(['a', 'b', 'c']);
  });

  test('functions do not wait for each other', async () => {
    keeper.onNews(held('a', 60_000));
    keeper.onNews(held('b', 0, { function: 'other' }));
    await pass(200);
    expect(handed).toEqual(['b']);
  });

  test('the same event arriving again while it is under way does not let the next one pass', async () => {
    keeper.onNews(held('a', 0, { order: 1 }));
    keeper.onNews(held('b', 0, { order: 2 }));
    await pass(200);
    keeper.onNews(left('a', 'redriven'));
    keeper.onNews(held('a', 0, { order: 3 }));
    await pass(1_000);
    expect(handed).toEqual(['a']);
  });

  test('nothing is handed over before all that was there before is known: it might be under way', async () => {
    complete = false;
    keeper.onNews(held('a'));
    keeper.onNews(left('a', 'redriven'));
    keeper.onNews(held('b'));
    await pass(1_000);
    complete = true;
    await pass(1_000);
    expect(handed).toEqual([]);
    keeper.onNews(left('a', 'delivered'));
    await pass(1_000);
    expect(handed).toEqual(['b']);
  });

  test('is tried again when it can not be handed over', async () => {
    broken = true;
    keeper.onNews(held('a'));
    await pass(500);
    broken = false;
    await pass(2_000);
    expect(handed).toEqual(['a']);
  });

  test('a letter that would wait in a delay queue is held instead, and keeps its order', () => {
    const letter = letterWith({ attempts: 3, held: { dueAt: 1, order: 42 } });
    expect(heldInOrder({ to: 'delay', letter, delayMs: 500 }, now)).toEqual({
      to: 'park',
      letter: { ...letter, attempts: 2, held: { dueAt: now + 500, order: 42 } },
    });
    expect(heldInOrder({ to: 'park', letter }, now)).toMatchObject({ to: 'park', letter: { attempts: 3 } });
    expect(heldInOrder({ to: 'park', letter }, now)).not.toHaveProperty('letter.held');
    expect(heldInOrder({ to: 'done', letter }, now)).toEqual({ to: 'done', letter });
  });
});
