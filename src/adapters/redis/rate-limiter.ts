// Token buckets that all replicas share. While Redis is away each replica limits for itself: too much passes rather than nothing.
import { createHash } from 'node:crypto';
import type { Rate } from '../../ops/token-rate.ts';
import type { RateLimiter } from '../../ports.ts';
import type { RedisConnection } from './connection.ts';

/**
 * Senders make names up: whatever they hold and however long they are, a key has one length, and no two names have the same one. As
 * UTF-16, since UTF-8 makes one character of all that are none.
 */
const bucketKey = (limit: string, key: string): string =>
  `knative-lambda:limit:${limit}:${createHash('sha256').update(key, 'utf16le').digest('base64url')}`;

/**
 * @param limit name of the limit, such as "tenant": the same key has another bucket in another limit
 * @param alone this replica's own limiter, for as long as Redis is away
 */
export const createRedisRateLimiter = (
  redis: Pick<RedisConnection, 'take'>,
  { limit, rate: { perMinute, burst } }: { limit: string; rate: Rate },
  alone: RateLimiter,
): RateLimiter => {
  // Whole microseconds: fractions would add up until the last token of a burst is not there.
  const tokenMicroseconds = Math.max(1, Math.floor(60_000_000 / perMinute));
  return {
    take: async (key) => {
      const taken = await redis.take(bucketKey(limit, key), tokenMicroseconds, burst);
      return taken === undefined ? alone.take(key) : { ...taken, limit: burst };
    },
  };
};
