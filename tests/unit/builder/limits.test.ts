import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdmitEvent, createPackingRate, createPlaces, limitedStore } from '../../../src/builder/limits.ts';
import { createBuilderMetrics } from '../../../src/builder/metrics.ts';
import type { ObjectStore, RateLimiter, RateVerdict } from '../../../src/ports.ts';

const bucket = (tokens: number): RateLimiter & { left: number } => {
  const state = {
    left: tokens,
    take: (): Promise<RateVerdict> => {
      const allowed = state.left > 0;
      if (allowed) state.left--;
      return Promise.resolve({ allowed, limit: tokens, remaining: state.left, retryAfterMs: allowed ? 0 : 1500 });
    },
  };
  return state;
};

const often = { perMinute: 60_000, burst: 1000 };

describe('admitting an event', () => {
  it('says whose limit was met, its size, and after how many whole seconds to come back', async () => {
    const admit = createAdmitEvent({ tenant: bucket(1), global: bucket(10) }, createBuilderMetrics(new Registry()));
    await admit('acme');
    await expect(admit('acme')).rejects.toMatchObject({
      code: 'TENANT_RATE_LIMITED',
      status: 429,
      details: { limit: 'tenant', retryAfterSeconds: 2, quota: { limit: 1, remaining: 0 } },
    });
  });

  it('takes nothing from what all share for an event that is over its own limit', async () => {
    const global = bucket(10);
    const admit = createAdmitEvent({ tenant: bucket(2), global }, createBuilderMetrics(new Registry()));
    for (let tries = 0; tries < 6; tries++) await admit('acme').catch(() => undefined);
    expect(global.left).toBe(8);
  });

  it('refuses with another code when it is the limit of all', async () => {
    const admit = createAdmitEvent({ tenant: bucket(9), global: bucket(1) }, createBuilderMetrics(new Registry()));
    await admit('acme');
    await expect(admit('acme')).rejects.toMatchObject({ code: 'GLOBAL_RATE_LIMITED', details: { limit: 'global' } });
  });
});

const metrics = () => createBuilderMetrics(new Registry());

describe('places for sources', () => {
  it('are so many; who has waited too long for one is answered 503 and never gets it', async () => {
    const takePlace = createPlaces(2, 100, metrics());
    const [giveBack] = [await takePlace(), await takePlace()];
    await expect(takePlace()).rejects.toMatchObject({ code: 'PACKING_BUSY', status: 503 });
    giveBack();
    const [again] = [await takePlace()];
    await expect(takePlace()).rejects.toMatchObject({ code: 'PACKING_BUSY' });
    again();
  });

  it('go to whoever waits, once one is given back', async () => {
    const takePlace = createPlaces(1, 1_000, metrics());
    const giveBack = await takePlace();
    const waiting = takePlace();
    giveBack();
    (await waiting)();
  });
});

describe('the rate of packing', () => {
  it('packs no more than may begin; who has waited too long is answered 503 and never begins', async () => {
    const packing = createPackingRate({ perMinute: 60, burst: 2 }, 100, metrics());
    const begun: number[] = [];
    const jobs = [0, 1, 2].map((index) => packing(() => Promise.resolve(begun.push(index))));
    await expect(jobs[2]).rejects.toMatchObject({ code: 'PACKING_BUSY', status: 503 });
    await Promise.all(jobs.slice(0, 2));
    await sleep(1_100);
    expect(begun).toEqual([0, 1]);
  });

  it('hands on what packing throws', async () => {
    const packing = createPackingRate(often, 1000, metrics());
    await expect(packing(() => Promise.reject(new Error('the source broke')))).rejects.toThrow('the source broke');
    expect(await packing(() => Promise.resolve('next'))).toBe('next');
  });
});

describe('the store behind its limit', () => {
  it('answers 503 with the limit when a token does not come in time, and asks the store nothing', async () => {
    let asked = 0;
    const head = (): Promise<undefined> => {
      asked++;
      return Promise.resolve(undefined);
    };
    const store = { head } as unknown as ObjectStore;
    const limited = limitedStore(store, bucket(1), 200, createBuilderMetrics(new Registry()));
    await limited.head('a');
    await expect(limited.head('b')).rejects.toMatchObject({ code: 'STORAGE_BUSY', status: 503, details: { limit: 'storage' } });
    expect(asked).toBe(1);
  });

  it('takes a token for each thousand objects of a listing, as S3 takes a request', async () => {
    async function* list(): AsyncIterable<{ key: string }> {
      for (let count = 0; count < 2_500; count++) yield await Promise.resolve({ key: `${count}` });
    }
    const listed = async (tokens: number): Promise<number> => {
      const limited = limitedStore({ list } as unknown as ObjectStore, bucket(tokens), 0, createBuilderMetrics(new Registry()));
      let count = 0;
      await (async () => {
        for await (const { key } of limited.list('')) count = Number(key) + 1;
      })().catch((thrown: unknown) => expect(thrown).toMatchObject({ code: 'STORAGE_BUSY' }));
      return count;
    };
    expect([await listed(0), await listed(1), await listed(2), await listed(3)]).toEqual([0, 1_000, 2_000, 2_500]);
  });
});
