import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { letterOf } from '../../../src/core/letter-intake.ts';
import { isAttempt, readTrail, trailExtension, trailOf } from '../../../src/core/letter-trail.ts';
import { letterWith, now } from '../dlq-consumer/letters.ts';

const history = [
  { at: now, attempt: 1, destination: 'http://a.svc', status: 503, error: 'It answered 503' },
  { at: now + 1, attempt: 2, destination: 'http://broker.svc' },
];
const text = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the trail of a letter', () => {
  it('says when it failed first, what was tried, and which redrive it is part of', () => {
    const trail = trailOf(letterWith({ firstFailedAt: 7, history, redrive: { run: 'run-1', from: 12 } }));
    expect(readTrail(trail)).toEqual({ firstFailedAt: 7, history, redrive: { run: 'run-1' } });
    expect(readTrail(trailOf(letterWith({ firstFailedAt: 7, redrive: { run: 'ordered', from: 1 } })))).toEqual({
      firstFailedAt: 7,
    });
  });

  it('is taken up by the letter that the event becomes when it is given up once more, which goes on without it', () => {
    const { event, ...before } = letterWith({ history, attempts: 2, redrive: { run: 'run-1', from: 12 } });
    const again = {
      ...event,
      extensions: { ...event?.extensions, [trailExtension]: trailOf({ ...before, event } as never), dlqattempt: 2 },
    };
    expect(letterOf(again as never, { now: now + 9 })).toMatchObject({
      ...{ attempts: 2, history, redrive: { run: 'run-1' }, firstFailedAt: before.firstFailedAt, lastFailedAt: now + 9 },
      event: { extensions: event?.extensions },
    });
    expect(letterOf(again as never, { now }).redrive).not.toHaveProperty('from');
  });

  it('fits into a header: of a long history the oldest go first, and long words are cut', () => {
    const long = Array.from({ length: 200 }, (_, n) => ({
      at: n,
      attempt: n,
      destination: 'd'.repeat(3000),
      error: 'e'.repeat(900),
    }));
    const trail = trailOf(letterWith({ history: long }));
    expect(trail.length).toBeLessThanOrEqual(2_048);
    expect(readTrail(trail).history?.at(-1)).toEqual({
      at: 199,
      attempt: 199,
      destination: 'd'.repeat(256),
      error: 'e'.repeat(100),
    });
  });

  it.each([
    [undefined],
    [5],
    [''],
    ['%%%'],
    ['x'.repeat(5_000)],
    [text(null)],
    [text({})],
    [text(['x', {}, 'x'])],
    [text([-1, 'a b', [[1]]])],
    [text([1e300, 'x'.repeat(65), [null, ['x', 1, 'd'], [1e300, 1, 'd'], [1, 1, 5]]])],
  ])('that is none says nothing: %p', (value) => {
    expect(readTrail(value)).toEqual({});
  });

  it('holds only what can be shown, whatever is written into it', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), fc.array(fc.array(fc.anything())), (since, run, entries) => {
        const trail = readTrail(text([since, run, entries]));
        for (const { at } of trail.history ?? []) expect(new Date(at).toISOString()).toMatch(/Z$/);
        if (trail.firstFailedAt !== undefined) expect(new Date(trail.firstFailedAt).toISOString()).toMatch(/Z$/);
      }),
    );
    expect(readTrail(text([0, '', [[1, 1, 'a\r\nb', 200, 'c\nd']]])).history).toEqual([
      { at: 1, attempt: 1, destination: 'a b', status: 200, error: 'c d' },
    ]);
    expect(isAttempt({ at: 'yesterday', attempt: 1, destination: 'd' })).toBe(false);
  });
});
