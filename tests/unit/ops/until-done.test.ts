import { describe, expect, it } from '@jest/globals';
import { pauseAfter, untilDone } from '../../../src/ops/until-done.ts';

const never = new AbortController().signal;
const pauses = { first: 1, longest: 4 };

describe('what must happen in the end', () => {
  it('is tried until it does, and every failure is told with its number', async () => {
    const tries: number[] = [];
    let left = 3;
    const work = (): Promise<void> => (left-- > 0 ? Promise.reject(new Error('not yet')) : Promise.resolve());
    expect(await untilDone(work, never, (_thrown, count) => void tries.push(count), pauses)).toBe(true);
    expect(tries).toEqual([1, 2, 3]);
  });

  it('is tried once even when there is no time any more, and then given up', async () => {
    let tries = 0;
    const work = (): Promise<void> => Promise.reject(new Error(`try ${++tries}`));
    expect(await untilDone(work, AbortSignal.abort(), () => undefined)).toBe(false);
    expect(tries).toBe(1);
  });

  it('is given up within a pause, not after it', async () => {
    const before = performance.now();
    const signal = AbortSignal.timeout(20);
    expect(
      await untilDone(
        () => Promise.reject(new Error('no')),
        signal,
        () => undefined,
        { first: 60_000, longest: 60_000 },
      ),
    ).toBe(false);
    expect(performance.now() - before).toBeLessThan(5_000);
  });

  it('is tried ever less often, up to a bound', () => {
    expect([1, 2, 3, 4, 5_000].map((failures) => pauseAfter(failures, { first: 100, longest: 500 }))).toEqual([
      100, 200, 400, 500, 500,
    ]);
  });
});
