// The limits of the builder on a cluster: shared by all replicas where there is a Redis, else each replica's own.
import { openLocalLimiter } from '../adapters/local/open-limiter.ts';
import type { OpenLimiter } from '../builder/limits.ts';
import type { Observed } from '../builder/metrics.ts';
import type { Lifecycle } from '../ops/lifecycle.ts';
import type { Logger } from '../ops/logger.ts';
import type { ClusterConfig } from './config.ts';

type Around = { config: Pick<ClusterConfig, 'REDIS_URL'>; lifecycle: Lifecycle; logger: Logger };

export const openLimiter = async (around: Around): Promise<{ limiter: OpenLimiter; observed: Observed }> => {
  const { config, lifecycle, logger } = around;
  const alone = openLocalLimiter(lifecycle);
  if (config.REDIS_URL === undefined) return { limiter: alone, observed: {} };
  // Loaded only where it is used: a builder is started from zero while somebody waits.
  const [{ connectRedis }, { createRedisRateLimiter }] = await Promise.all([
    import('../adapters/redis/connection.ts'),
    import('../adapters/redis/rate-limiter.ts'),
  ]);
  const redis = connectRedis(config.REDIS_URL, logger);
  lifecycle.onClose('the connection to Redis', () => redis.close());
  return {
    limiter: (name, rate) => createRedisRateLimiter(redis, { limit: name, rate }, alone(name, rate)),
    observed: { limitsShared: () => Promise.resolve(redis.answers() ? 1 : 0) },
  };
};
