// The levels of contract section 7 that the builder holds. Each refusal says which limit it was, whose, and when to come back.
import Bottleneck from 'bottleneck';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError, type ErrorCode } from '../core/errors.ts';
import { bucketOptions, type Rate } from '../ops/token-rate.ts';
import type { ObjectStore, RateLimiter, RateVerdict } from '../ports.ts';
import type { BuilderMetrics, LimitName } from './metrics.ts';

const refuse = (code: ErrorCode, limit: LimitName, message: string, verdict: RateVerdict, metrics: BuilderMetrics): never => {
  metrics.limitMet(limit);
  throw new CodedError(code, message, {
    limit,
    retryAfterSeconds: Math.max(1, Math.ceil(verdict.retryAfterMs / 1000)),
    quota: { limit: verdict.limit, remaining: verdict.remaining },
  });
};

/** A limit by its name, with a bucket for each key. */
export type OpenLimiter = (name: string, rate: Rate) => RateLimiter;

export type AdmitEvent = (tenant: string) => Promise<RateVerdict>;

/** The tenant's limit first: what is over it never takes from what all tenants share. */
export const createAdmitEvent =
  (limiters: { tenant: RateLimiter; global: RateLimiter }, metrics: BuilderMetrics): AdmitEvent =>
  async (tenant) => {
    const own = await limiters.tenant.take(tenant);
    if (!own.allowed)
      refuse('TENANT_RATE_LIMITED', 'tenant', `Tenant "${tenant}" sends more events than its limit`, own, metrics);
    const shared = await limiters.global.take('all');
    if (!shared.allowed)
      refuse('GLOBAL_RATE_LIMITED', 'global', 'All tenants together send more events than the limit', shared, metrics);
    return own;
  };

/** Work that waits for its turn. */
export type Packing = <T>(pack: () => Promise<T>) => Promise<T>;

/**
 * Who waits longer than `waitMs` is answered 503 and never begins.
 * @param passOn gives what a turn has used to the next one, when nobody waits for it any more
 */
const withPatience = (
  limiter: Bottleneck,
  waitMs: number,
  metrics: BuilderMetrics,
  passOn: () => Promise<unknown> = () => Promise.resolve(),
): Packing => {
  const busy = (): CodedError => {
    metrics.limitMet('packing');
    return new CodedError('PACKING_BUSY', `The turn to pack a build context did not come within ${waitMs} ms`, {
      limit: 'packing',
      retryAfterSeconds: 5,
    });
  };
  return async (pack) => {
    const patience = new AbortController();
    const tired = sleep(waitMs, undefined, { signal: patience.signal }).then(
      () => {
        patience.abort();
        throw busy();
      },
      () => undefined,
    );
    const turn = limiter.schedule(async () => {
      if (patience.signal.aborted) {
        await passOn();
        return undefined;
      }
      patience.abort();
      return { packed: await pack() };
    });
    // Whichever settles first decides; the other is then only waited for.
    turn.catch(() => undefined);
    await Promise.race([tired, turn]);
    const done = await turn;
    if (done === undefined) throw busy();
    return done.packed;
  };
};

/** How many build contexts may begin to be packed. */
export const createPackingRate = (rate: Rate, waitMs: number, metrics: BuilderMetrics): Packing => {
  const limiter = new Bottleneck(bucketOptions(rate));
  return withPatience(limiter, waitMs, metrics, () => limiter.incrementReservoir(1));
};

/** A place for a source on this machine. @returns how it is given back */
export type TakePlace = () => Promise<() => void>;

/** So many sources at once are read, lie on the disk and are packed: all of that takes room, and a container has little. */
export const createPlaces = (count: number, waitMs: number, metrics: BuilderMetrics): TakePlace => {
  const hold = withPatience(new Bottleneck({ maxConcurrent: count }), waitMs, metrics);
  return () => {
    const place = Promise.withResolvers<() => void>();
    // What holds the place is work that ends once it is given back.
    const untilGivenBack = (): Promise<undefined> => {
      const givenBack = Promise.withResolvers<undefined>();
      place.resolve(() => {
        givenBack.resolve(undefined);
      });
      return givenBack.promise;
    };
    hold(untilGivenBack).catch(place.reject);
    return place.promise;
  };
};

const waitForToken = async (limiter: RateLimiter, waitMs: number, metrics: BuilderMetrics): Promise<void> => {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const verdict = await limiter.take('storage');
    if (verdict.allowed) return;
    if (Date.now() + verdict.retryAfterMs > deadline)
      refuse('STORAGE_BUSY', 'storage', 'Too many requests to the object store wait for their turn', verdict, metrics);
    await sleep(verdict.retryAfterMs);
  }
};

/** As many as S3 lists for one request. */
const pageObjects = 1_000;

/** The store behind its limit: every request waits for a token. */
export const limitedStore = (store: ObjectStore, limiter: RateLimiter, waitMs: number, metrics: BuilderMetrics): ObjectStore => {
  const token = (): Promise<void> => waitForToken(limiter, waitMs, metrics);
  return {
    head: async (key) => (await token(), store.head(key)),
    read: async (key) => (await token(), store.read(key)),
    write: async (key, body, options) => (await token(), store.write(key, body, options)),
    remove: async (key) => (await token(), store.remove(key)),
    list: async function* (prefix) {
      let listed = 0;
      await token();
      for await (const object of store.list(prefix)) {
        yield object;
        if (++listed % pageObjects === 0) await token();
      }
    },
  };
};
