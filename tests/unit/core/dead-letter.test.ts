import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  categories,
  categoryNamed,
  categoryOfStatus,
  defaultRules,
  isPermanent,
  judge,
  type Category,
} from '../../../src/core/dead-letter.ts';

const permanent: Category[] = [
  'validation',
  'unknown_event_type',
  'identity_mismatch',
  'source_not_found',
  'source_access_denied',
  'source_invalid',
  'build_failed',
  'image_refused',
  'function_error_permanent',
];
const transient: Category[] = [
  'source_unavailable',
  'cluster_unavailable',
  'broker_unavailable',
  'queue_full',
  'subscriber_unavailable',
  'function_timeout',
  'build_timeout',
  'registry_unavailable',
  'rate_limited',
];

const letters = fc.record({
  id: fc.string(),
  category: fc.constantFrom(...categories),
  attempt: fc.oneof(fc.nat({ max: 8 }), fc.integer(), fc.double()),
  firstFailedAt: fc.nat({ max: 1_000_000 }),
});

describe('a category', () => {
  it.each(permanent)('%s is permanent, as the contract lists it', (category) => {
    expect(isPermanent(category)).toBe(true);
    expect(categories).toContain(category);
  });

  it.each(transient)('%s is transient, as the contract lists it', (category) => {
    expect(isPermanent(category)).toBe(false);
    expect(categories).toContain(category);
  });

  it('that cannot be read as an event is permanent, because no retry makes it readable', () => {
    expect(isPermanent('unreadable')).toBe(true);
  });

  it('is found by its name', () => {
    for (const category of categories) expect(categoryNamed(category)).toBe(category);
  });

  it.each([undefined, '', 'from_a_newer_version', 'constructor', 'VALIDATION'])(
    'named %s counts as unknown, which is retried, so a letter of another version is not thrown away',
    (name) => {
      expect(categoryNamed(name)).toBe('unknown');
      expect(isPermanent(categoryNamed(name))).toBe(false);
    },
  );
});

describe('the status of a failed delivery', () => {
  it.each([
    [undefined, 'subscriber_unavailable'],
    [400, 'validation'],
    [403, 'validation'],
    [404, 'subscriber_unavailable'],
    [408, 'function_timeout'],
    [409, 'subscriber_unavailable'],
    [413, 'validation'],
    [422, 'validation'],
    [429, 'rate_limited'],
    [500, 'subscriber_unavailable'],
    [503, 'subscriber_unavailable'],
    [504, 'function_timeout'],
    [302, 'unknown'],
    [101, 'unknown'],
  ])('%s means %s', (status, category) => {
    expect(categoryOfStatus(status)).toBe(category);
  });

  it('is transient exactly where a Knative broker retries it, so both give up on the same events', () => {
    for (let status = 400; status < 600; status++) {
      const retried = [404, 408, 409, 429].includes(status) || status >= 500;
      expect({ status, permanent: isPermanent(categoryOfStatus(status)) }).toEqual({ status, permanent: !retried });
    }
  });
});

describe('the judgement of a letter', () => {
  const letter = { id: 'letter', category: 'broker_unavailable' as Category, attempt: 0, firstFailedAt: 0 };

  it('is to park it at once when its category is permanent, whatever attempts are left', () => {
    for (const category of permanent) expect(judge({ ...letter, category }, 0)).toEqual({ verdict: 'park', reason: 'permanent' });
  });

  it('is five retries after 10 s, 30 s, 2 min, 10 min and 30 min, each within a fifth, then to park it', () => {
    for (const [attempt, delay] of [10_000, 30_000, 120_000, 600_000, 1_800_000].entries()) {
      const judgement = judge({ ...letter, attempt }, 1);
      expect(judgement).toMatchObject({ verdict: 'retry', attempt: attempt + 1 });
      if (judgement.verdict !== 'retry') throw new Error('unreachable');
      expect(Math.abs(judgement.delayMs - delay)).toBeLessThanOrEqual(delay * 0.2);
    }
    expect(judge({ ...letter, attempt: 5 }, 1)).toEqual({ verdict: 'park', reason: 'attempts_exhausted' });
  });

  it('is to park it beyond seven days, whatever attempts are left, and not a millisecond before', () => {
    expect(judge(letter, 604_800_000)).toMatchObject({ verdict: 'retry' });
    expect(judge(letter, 604_800_001)).toEqual({ verdict: 'park', reason: 'too_old' });
  });

  it('is the same for the same letter, so that two replicas or two looks agree', () => {
    fc.assert(fc.property(letters, fc.nat(), (one, now) => expect(judge({ ...one }, now)).toEqual(judge({ ...one }, now))));
  });

  it('never asks for more attempts than the rules have, nor for a delay outside of the jitter, whatever a header claimed', () => {
    fc.assert(
      fc.property(letters, fc.nat(), (one, now) => {
        const judgement = judge(one, now);
        if (judgement.verdict === 'park') return;
        const base = defaultRules.delaysMs[judgement.attempt - 1];
        if (base === undefined) throw new Error(`attempt ${judgement.attempt} has no delay`);
        expect(judgement.delayMs).toBeGreaterThanOrEqual(Math.floor(base * (1 - defaultRules.jitter)));
        expect(judgement.delayMs).toBeLessThanOrEqual(Math.ceil(base * (1 + defaultRules.jitter)));
      }),
      { numRuns: 1000 },
    );
  });

  it('ends: a letter that keeps failing is parked after as many retries as the rules have', () => {
    fc.assert(
      fc.property(fc.string(), fc.array(fc.nat({ max: 1000 }), { maxLength: 8 }), (id, delaysMs) => {
        let attempt = 0;
        for (let tries = 0; tries <= delaysMs.length; tries++) {
          const judgement = judge({ ...letter, id, attempt }, 0, { ...defaultRules, delaysMs });
          if (judgement.verdict === 'park') {
            expect({ tries, reason: judgement.reason }).toEqual({ tries: delaysMs.length, reason: 'attempts_exhausted' });
            return;
          }
          attempt = judgement.attempt;
        }
        throw new Error('It was never parked');
      }),
    );
  });

  it.each([-1, -0.5, 0.9, Number.MIN_SAFE_INTEGER])(
    'takes the attempt count %s for none, as only a broken header says so',
    (attempt) => {
      expect(judge({ ...letter, attempt }, 0)).toMatchObject({ verdict: 'retry', attempt: 1 });
    },
  );

  it.each([NaN, Infinity, 6, 1e9])('takes the attempt count %s for too many, so it cannot begin again', (attempt) => {
    expect(judge({ ...letter, attempt }, 0)).toEqual({ verdict: 'park', reason: 'attempts_exhausted' });
  });

  it('spreads letters that failed together, so they do not come back together', () => {
    const delays = Array.from({ length: 200 }, (_, index) => {
      const judgement = judge({ ...letter, id: `letter-${index}` }, 0);
      return judgement.verdict === 'retry' ? judgement.delayMs : 0;
    });
    expect(new Set(delays).size).toBeGreaterThan(150);
    expect(Math.min(...delays)).toBeLessThan(8_500);
    expect(Math.max(...delays)).toBeGreaterThan(11_500);
  });

  it('has exactly the delays of the rules when they have no jitter', () => {
    const rules = { ...defaultRules, jitter: 0 };
    expect(judge(letter, 0, rules)).toEqual({ verdict: 'retry', attempt: 1, delayMs: 10_000 });
  });
});
