import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { defaultRules } from '../../../src/core/dead-letter.ts';
import { defer } from '../../../src/core/deferral.ts';

describe('a letter whose destination is down', () => {
  const letter = { deferrals: 0, firstFailedAt: 0 };

  it('waits as long as the delay of that number, or as long as the destination is not tried, never longer than the longest delay', () => {
    expect(defer(letter, 0, 0, defaultRules)).toEqual({ verdict: 'wait', delayMs: 10_000 });
    expect(defer({ ...letter, deferrals: 2 }, 0, 0, defaultRules)).toEqual({ verdict: 'wait', delayMs: 120_000 });
    expect(defer(letter, 60_000, 0, defaultRules)).toEqual({ verdict: 'wait', delayMs: 60_000 });
    expect(defer(letter, 10 ** 9, 0, defaultRules)).toEqual({ verdict: 'wait', delayMs: 1_800_000 });
  });

  it('is parked in the end, however long the destination stays down', () => {
    let deferrals = 0;
    for (let verdict = defer(letter, 0, 0, defaultRules); verdict.verdict === 'wait'; deferrals++) {
      verdict = defer({ ...letter, deferrals: deferrals + 1 }, 0, 0, defaultRules);
    }
    expect(deferrals).toBe(20);
    expect(defer({ ...letter, deferrals }, 0, 0, defaultRules)).toEqual({ verdict: 'park', reason: 'circuit_open' });
  });

  it('is parked when it is too old, whatever waits are left', () => {
    expect(defer(letter, 0, defaultRules.maxAgeMs + 1, defaultRules)).toEqual({ verdict: 'park', reason: 'too_old' });
    expect(defer(letter, 0, defaultRules.maxAgeMs, defaultRules).verdict).toBe('wait');
  });

  it('never waits less than nothing or more than the rules say', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 30 }),
        fc.integer({ max: 10 ** 8 }),
        fc.array(fc.nat({ max: 10 ** 6 }), { maxLength: 5 }),
        (deferrals, downMs, delaysMs) => {
          const deferral = defer({ deferrals, firstFailedAt: 0 }, downMs, 0, { ...defaultRules, delaysMs });
          if (deferral.verdict === 'park') return;
          expect(deferral.delayMs).toBeGreaterThanOrEqual(0);
          expect(deferral.delayMs).toBeLessThanOrEqual(Math.max(0, ...delaysMs));
        },
      ),
    );
  });
});
