// Token buckets in this process, one for each key. Those that several processes share need Redis.
// For the few keys that the platform itself names: a bucket stays, with its timer. Those that senders name: tenant-rate-limiter.ts.
import { refill, type Rate } from '../../ops/token-rate.ts';
import type { RateLimiter } from '../../ports.ts';
import { createTokenBucket, type TokenBucket } from './token-bucket.ts';

export const createLocalRateLimiter = (rate: Rate): RateLimiter & { close(): Promise<void> } => {
  const { amount, intervalMs } = refill(rate);
  const buckets = new Map<string, TokenBucket>();

  const bucketOf = (key: string): TokenBucket => {
    const bucket = buckets.get(key) ?? createTokenBucket(rate);
    buckets.set(key, bucket);
    return bucket;
  };

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
      await Promise.all([...buckets.values()].map((bucket) => bucket.close()));
    },
  };
};
