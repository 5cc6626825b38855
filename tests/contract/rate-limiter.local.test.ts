import { describe } from '@jest/globals';
import { createLocalRateLimiter } from '../../src/adapters/local/rate-limiter.ts';
import { rateLimiterContract } from './rate-limiter.ts';

describe('token buckets in this process', () => {
  rateLimiterContract((rate) => Promise.resolve(createLocalRateLimiter(rate)));
});
