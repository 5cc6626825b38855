// Token buckets for the names of tenants. Whoever sends an event makes the name up, and could make up a million of them: one of
// Bottleneck's buckets is 10 kB and a timer that never rests, so here a bucket is two numbers and its tokens are reckoned from the time.
import type { Rate } from '../../ops/token-rate.ts';
import type { RateLimiter } from '../../ports.ts';

type Bucket = { tokens: number; /** ms */ at: number };

/** About 200 bytes each. */
const defaultMaxBuckets = 20_000;

type Buckets = { of(key: string, time: number): Bucket | undefined; keep(key: string, bucket: Bucket): void };

/**
 * Two generations: who is asked for stays in the young one, and what is left in the old one goes with it. After `fullMs` those buckets are
 * full again, as good as none. Of more than `max` those not asked for longest go sooner: that can only do their tenants good, while a
 * bucket that strangers had to share would let one's flood close the door to another.
 */
const createBuckets = (fullMs: number, max: number): Buckets => {
  let old = new Map<string, Bucket>();
  let young = new Map<string, Bucket>();
  let bornAt = 0;
  return {
    of: (key, time) => {
      if (young.size >= max / 2 || time - bornAt >= fullMs) {
        old = young;
        young = new Map();
        bornAt = time;
      }
      return young.get(key) ?? old.get(key);
    },
    keep: (key, bucket) => void young.set(key, bucket),
  };
};

export const createTenantRateLimiter = (
  { perMinute, burst }: Rate,
  { maxBuckets = defaultMaxBuckets, now = () => performance.now() }: { maxBuckets?: number; now?: () => number } = {},
): RateLimiter => {
  const perMs = perMinute / 60_000;
  const buckets = createBuckets(burst / perMs, maxBuckets);

  return {
    take: (key) => {
      const time = now();
      const { tokens, at } = buckets.of(key, time) ?? { tokens: burst, at: time };
      const there = Math.min(burst, tokens + (time - at) * perMs);
      const allowed = there >= 1;
      const left = allowed ? there - 1 : there;
      buckets.keep(key, { tokens: left, at: time });
      return Promise.resolve({
        allowed,
        limit: burst,
        remaining: Math.floor(left),
        retryAfterMs: allowed ? 0 : Math.ceil((1 - left) / perMs),
      });
    },
  };
};
