// What src/ports.ts says of a RateLimiter, against whichever adapter the factory makes.
import { expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RateLimiter } from '../../src/ports.ts';

type Open = (rate: { perMinute: number; burst: number }) => Promise<RateLimiter & { close(): Promise<void> }>;

export const rateLimiterContract = (open: Open): void => {
  it('allows the first request of a key, and then as many as the burst, whoever asks at the same time', async () => {
    const limiter = await open({ perMinute: 60, burst: 5 });
    const verdicts = await Promise.all(Array.from({ length: 8 }, () => limiter.take('one')));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(5);
    expect(verdicts.filter(({ allowed }) => allowed).map(({ remaining }) => remaining)).toEqual([4, 3, 2, 1, 0]);
    for (const { allowed, retryAfterMs, limit } of verdicts) {
      expect(limit).toBe(5);
      if (allowed) expect(retryAfterMs).toBe(0);
      else expect(retryAfterMs).toBeGreaterThan(0);
    }
    await limiter.close();
  });

  it('takes nothing from one key for the flood of another', async () => {
    const limiter = await open({ perMinute: 60, burst: 3 });
    await Promise.all(Array.from({ length: 50 }, () => limiter.take('flood')));
    expect(await limiter.take('quiet')).toMatchObject({ allowed: true, remaining: 2 });
    await limiter.close();
  });

  it('gives tokens back at its rate, and never more than the burst', async () => {
    const limiter = await open({ perMinute: 240, burst: 2 });
    await Promise.all([limiter.take('k'), limiter.take('k')]);
    const refused = await limiter.take('k');
    expect(refused.allowed).toBe(false);
    await sleep(refused.retryAfterMs + 400);
    expect((await limiter.take('k')).allowed).toBe(true);
    await sleep(2_000);
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => limiter.take('k')));
    expect(verdicts.filter(({ allowed }) => allowed)).toHaveLength(2);
    await limiter.close();
  });

  it('is as full as the burst again after it was emptied, and no fuller', async () => {
    const limiter = await open({ perMinute: 2_400, burst: 8 });
    const askTwelve = async (): Promise<number> => {
      const verdicts = await Promise.all(Array.from({ length: 12 }, () => limiter.take('k')));
      return verdicts.filter(({ allowed }) => allowed).length;
    };
    expect(await askTwelve()).toBe(8);
    await sleep(1_100);
    expect(await askTwelve()).toBe(8);
    await limiter.close();
  });

  it('allows as many one after the other as at once', async () => {
    const limiter = await open({ perMinute: 1, burst: 8 });
    const left: number[] = [];
    for (let asked = 0; asked < 8; asked++) left.push((await limiter.take('k')).remaining);
    expect(left).toEqual([7, 6, 5, 4, 3, 2, 1, 0]);
    expect((await limiter.take('k')).allowed).toBe(false);
    await limiter.close();
  });
};
