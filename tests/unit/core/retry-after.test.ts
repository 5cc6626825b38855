import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { retryAfterMs } from '../../../src/core/retry-after.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

describe('the Retry-After header (RFC 9110, section 10.2.3)', () => {
  it.each([
    ['120', 120_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Thursday, 01-Jan-26 00:01:00 GMT', 60_000],
    ['Thu Jan  1 00:01:00 2026', 60_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
  ])('%s means %d milliseconds from now', (header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });

  it.each([undefined, '', 'soon', '-5', '1.5', '9999999999', '2026-01-01T00:01:00Z', 'Thu, yesterday'])(
    '%s means nothing',
    (header) => {
      expect(retryAfterMs(header, now)).toBeUndefined();
    },
  );

  it('is never a moment in the past and never NaN, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.date().map(String), fc.nat().map(String)), (header) => {
        const wait = retryAfterMs(header, now);
        expect(wait === undefined || wait >= 0).toBe(true);
      }),
    );
  });
});
