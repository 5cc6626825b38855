import { describe, expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { openLocalLimiter } from '../../../../src/adapters/local/open-limiter.ts';
import { createTenantRateLimiter } from '../../../../src/adapters/local/tenant-rate-limiter.ts';
import { createLifecycle } from '../../../../src/ops/lifecycle.ts';

const heapMb = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed / 2 ** 20;
};

const flood = async (limiter: { take(key: string): Promise<unknown> }, names: number): Promise<void> => {
  for (let i = 0; i < names; i++) await limiter.take(`made-up-${i}`);
};

describe('the limit of tenants', () => {
  it('holds little for names that a sender makes up', async () => {
    const limiter = openLocalLimiter(createLifecycle(pino({ level: 'silent' })))('tenant', { perMinute: 600, burst: 20 });
    const before = heapMb();
    await flood(limiter, 10_000);
    expect(heapMb() - before).toBeLessThan(8);
    await limiter.take('used after the measurement');
  });

  it('holds no more than so many, however slowly they fill', async () => {
    const limiter = createTenantRateLimiter({ perMinute: 1, burst: 20 });
    const before = heapMb();
    await flood(limiter, 200_000);
    expect(heapMb() - before).toBeLessThan(12);
    await limiter.take('used after the measurement');
  });

  it('refuses nobody for the flood of others, made-up ones included', async () => {
    const limiter = createTenantRateLimiter({ perMinute: 1, burst: 2 }, { maxBuckets: 100 });
    await flood(limiter, 1_000);
    expect(await limiter.take('quiet')).toMatchObject({ allowed: true, remaining: 1 });
    expect(await limiter.take('quiet')).toMatchObject({ allowed: true, remaining: 0 });
    expect(await limiter.take('quiet')).toMatchObject({ allowed: false });
  });

  it('knows who is over the limit for as long as that is so, whatever is asked in between', async () => {
    let time = 0;
    const limiter = createTenantRateLimiter({ perMinute: 60, burst: 2 }, { now: () => time });
    for (let asked = 0; asked < 2; asked++) await limiter.take('busy');
    for (time = 100; time < 900; time += 100) await limiter.take(`other-${time}`);
    expect(await limiter.take('busy')).toMatchObject({ allowed: false });
    time = 1_000;
    expect(await limiter.take('busy')).toMatchObject({ allowed: true, remaining: 0 });
    time = 10_000;
    expect(await limiter.take('busy')).toMatchObject({ allowed: true, remaining: 1 });
  });

  it('says exactly when the next token is there', async () => {
    let time = 0;
    const limiter = createTenantRateLimiter({ perMinute: 600, burst: 1 }, { now: () => time });
    await limiter.take('k');
    time = 30;
    expect(await limiter.take('k')).toEqual({ allowed: false, limit: 1, remaining: 0, retryAfterMs: 70 });
    time = 100;
    expect(await limiter.take('k')).toMatchObject({ allowed: true });
  });
});
