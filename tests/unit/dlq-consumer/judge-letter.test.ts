import { describe, expect, test } from '@jest/globals';
import { isPermanent, categories, defaultRules } from '../../../src/core/dead-letter.ts';
import { createJudgeLetter, maxEventBytes } from '../../../src/dlq-consumer/judge-letter.ts';
import { destinations, letterWith, now, rawLetter } from './letters.ts';

const judge = createJudgeLetter({ rules: { ...defaultRules, jitter: 0 }, destinations, now: () => now });

describe('a letter that arrives', () => {
  test.each(categories.filter((category) => !isPermanent(category)))('%s is tried again after the first delay', (category) => {
    expect(judge(letterWith({ category, attempts: 0 }))).toMatchObject({ to: 'delay', delayMs: 10_000, letter: { attempts: 1 } });
  });

  test.each(categories.filter(isPermanent))('%s can never succeed and is parked at once', (category) => {
    expect(judge(letterWith({ category, attempts: 0 }))).toMatchObject({
      to: 'park',
      letter: { attempts: 0, reason: 'It can never succeed: The subscriber answered 503' },
    });
  });

  test('that went round through the broker goes on with its count', () => {
    expect(judge(letterWith({ attempts: 3 }))).toMatchObject({ to: 'delay', delayMs: 600_000, letter: { attempts: 4 } });
    expect(judge(letterWith({ attempts: 5 }))).toMatchObject({ to: 'park', letter: { attempts: 5 } });
    expect(judge(letterWith({ attempts: 1_000_000 })).to).toBe('park');
  });

  test('that is too old is parked', () => {
    expect(judge(letterWith({ firstFailedAt: now - defaultRules.maxAgeMs - 1 }))).toMatchObject({
      to: 'park',
      letter: { reason: 'It is too old: The subscriber answered 503' },
    });
  });

  test('whose destination nobody may call is parked at once, with its reason and without an attempt', () => {
    expect(judge(letterWith({ destination: 'http://evil.example.com/', attempts: 0 }))).toMatchObject({
      to: 'park',
      letter: {
        attempts: 0,
        reason: 'The destination http://evil.example.com/ is not on the allow list; before: The subscriber answered 503',
      },
    });
  });

  test('that is larger than any door takes is parked: a delivery would only fail', () => {
    const { event } = letterWith();
    const bytes = Buffer.alloc(maxEventBytes + 1);
    expect(judge(letterWith({ event: { ...event, data: { bytes } } } as never))).toMatchObject({
      to: 'park',
      letter: { category: 'validation', reason: expect.stringContaining('larger than') },
    });
    expect(judge(letterWith({ event: { ...event, data: { bytes: bytes.subarray(1) } } } as never)).to).toBe('delay');
  });

  test('with data in JSON is as large as its message', () => {
    expect(judge(letterWith(), maxEventBytes + 1)).toMatchObject({ to: 'park', letter: { category: 'validation' } });
    expect(judge(letterWith(), maxEventBytes).to).toBe('delay');
    // In base64 the message is a third longer than the data.
    const { event } = letterWith();
    const data = { bytes: Buffer.alloc(maxEventBytes) };
    expect(judge(letterWith({ event: { ...event, data } } as never), 1.4 * maxEventBytes).to).toBe('delay');
  });

  test('that is no event is parked', () => expect(judge(rawLetter)).toEqual({ to: 'park', letter: rawLetter }));
});
