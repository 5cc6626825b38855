import { describe } from '@jest/globals';
import { createLocalRateLimiter } from '../../src/adapters/local/rate-limiter.ts';
import { createTenantRateLimiter } from '../../src/adapters/local/tenant-rate-limiter.ts';
import { rateLimiterContract } from './rate-limiter.ts';

describe('token buckets in this process', () => {
  rateLimiterContract((rate) => Promise.resolve(createLocalRateLimiter(rate)));
});

describe('token buckets for the names of tenants', () => {
  rateLimiterContract((rate) => Promise.resolve({ ...createTenantRateLimiter(rate), close: () => Promise.resolve() }));
});
