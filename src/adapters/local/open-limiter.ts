// The limits of one process by their names: the tenants' on buckets for names that senders make up, all others with Bottleneck.
import type { Lifecycle } from '../../ops/lifecycle.ts';
import type { Rate } from '../../ops/token-rate.ts';
import type { RateLimiter } from '../../ports.ts';
import { createLocalRateLimiter } from './rate-limiter.ts';
import { createTenantRateLimiter } from './tenant-rate-limiter.ts';

export const openLocalLimiter =
  (lifecycle: Lifecycle) =>
  (name: string, rate: Rate): RateLimiter => {
    if (name === 'tenant') return createTenantRateLimiter(rate);
    const limiter = createLocalRateLimiter(rate);
    lifecycle.onClose(`the limit "${name}"`, () => limiter.close());
    return limiter;
  };
