// Token buckets in this process, one for each key. Those that several processes share need Redis.
import { refill, type Rate } from '../../ops/token-rate.ts';
import type { RateLimiter } from '../../ports.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

/** A bucket nobody asked for this long is full again, so forgetting it changes nothing. At most a day: timers end at 24. */
const idleMsOf = ({ burst, perMinute }: Rate): number => Math.min(86_400_000, Math.max(300_000, (burst / perMinute) * 60_000));

type Kept = { bucket: TokenBucket; /** ms since the epoch */ askedAt: number };

export const createLocalRateLimiter = (rate: Rate): RateLimiter & { close(): Promise<void> } => {
  const { amount, intervalMs } = refill(rate);
  const idleMs = idleMsOf(rate);
  const kept = new Map<string, Kept>();

  const bucketOf = (key: string): TokenBucket => {
    const found = kept.get(key) ?? { bucket: createTokenBucket(rate), askedAt: 0 };
    if (found.askedAt === 0) kept.set(key, found);
    found.askedAt = Date.now();
    return found.bucket;
  };

  const forgetIdle = (): void => {
    for (const [key, { bucket, askedAt }] of kept) {
      if (askedAt > Date.now() - idleMs) continue;
      kept.delete(key);
      void bucket.close();
    }
  };
  const forgetting = setInterval(forgetIdle, idleMs / 2).unref();

  return {
    take: async (key) => {
      const left = await bucketOf(key).take();
      const allowed = left >= 0;
      return {
        allowed,
        limit: rate.burst,
        remaining: Math.max(0, left),
        retryAfterMs: allowed ? 0 : Math.ceil(intervalMs / amount),
      };
    },
    close: async () => {
      clearInterval(forgetting);
      await Promise.all([...kept.values()].map(({ bucket }) => bucket.close()));
    },
  };
};
