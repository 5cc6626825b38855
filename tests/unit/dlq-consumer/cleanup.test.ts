import { describe, expect, test } from '@jest/globals';
import { createCleanup, createSurplusCleanup } from '../../../src/dlq-consumer/cleanup.ts';
import { createLogger } from '../../../src/ops/logger.ts';

const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' });

describe('cleanup', () => {
  test('is one at a time: who asks meanwhile is answered by the one that runs', async () => {
    const archived: string[][] = [];
    const queue = { matching: (filter: object) => Promise.resolve('failedBefore' in filter ? ['old'] : ['a', 'b', 'c']) };
    const archive = (ids: readonly string[]): Promise<number> => {
      archived.push([...ids]);
      return Promise.resolve(ids.length);
    };
    const cleanup = createCleanup({ queue, archive, retentionMs: 1, maxLetters: 2, now: () => 10 });
    const both = await Promise.all([cleanup(), cleanup()]);
    expect(both).toEqual(Array(2).fill({ archived_for_age: 1, archived_for_number: 1, kept: 2 }));
    expect(archived).toEqual([['old'], ['a']]);
    await cleanup();
    expect(archived).toHaveLength(4);
  });
});

describe('a storm of letters', () => {
  const looksOf = async (parked: number | undefined, cleanup = () => Promise.resolve()): Promise<number> => {
    let cleanups = 0;
    const counting = async () => {
      cleanups++;
      await cleanup();
      return { archived_for_age: 0, archived_for_number: 0, kept: 0 };
    };
    await createSurplusCleanup({ cleanup: counting, parked: () => parked, maxLetters: 20_000, logger })();
    return cleanups;
  };

  test.each([
    [undefined, 0],
    [20_000, 0],
    [22_000, 0],
    [22_001, 1],
    [300_000, 1],
  ])('of which %p are parked, where 20,000 are kept, is cleaned up %i times before the night', async (parked, cleanups) => {
    expect(await looksOf(parked)).toBe(cleanups);
  });

  test('that can not be archived now is tried again later', async () => {
    expect(await looksOf(30_000, () => Promise.reject(new Error('no broker')))).toBe(1);
  });
});
