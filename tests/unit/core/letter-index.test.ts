import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { categories, type Category } from '../../../src/core/dead-letter.ts';
import { createLetterColumns } from '../../../src/core/letter-columns.ts';
import { createLetterIndex } from '../../../src/core/letter-index.ts';
import { pageOf } from '../../../src/core/letter-page.ts';
import type { LetterFilter, LetterSummary } from '../../../src/core/letter.ts';
import { codeAndField } from './refusal.ts';
import { summaryWith } from './letters.ts';

const ids = fc.integer({ min: 0, max: 30 }).map(String);
const moments = fc.nat({ max: 20 });
const names = fc.constantFrom('a', 'b');
const summaries: fc.Arbitrary<LetterSummary> = fc.record(
  {
    id: ids,
    category: fc.constantFrom(...categories.slice(0, 3)),
    reason: fc.string({ maxLength: 5 }),
    destination: names,
    attempts: fc.nat({ max: 9 }),
    firstFailedAt: moments,
    lastFailedAt: moments,
    tenant: names,
    function: names,
    type: names,
    eventSource: names,
    eventId: fc.string({ maxLength: 5 }),
  },
  { requiredKeys: ['id', 'category', 'reason', 'destination', 'attempts', 'firstFailedAt', 'lastFailedAt'] },
);
const filters: fc.Arbitrary<LetterFilter> = fc.record(
  {
    tenant: names,
    function: names,
    type: names,
    destination: names,
    category: fc.constantFrom(...categories.slice(0, 3)),
    failedBefore: moments,
    failedAfter: moments,
  },
  { requiredKeys: [] },
);
const steps = fc.array(fc.oneof(fc.record({ add: summaries, position: fc.nat({ max: 100 }) }), fc.record({ remove: ids })), {
  maxLength: 40,
});

type Kept = { letter: LetterSummary; position: number };

const matches = (letter: LetterSummary, filter: LetterFilter): boolean =>
  (['tenant', 'function', 'type', 'destination', 'category'] as const).every(
    (name) => filter[name] === undefined || letter[name] === filter[name],
  ) &&
  letter.lastFailedAt < (filter.failedBefore ?? Infinity) &&
  letter.lastFailedAt >= (filter.failedAfter ?? -Infinity);

describe('the index of parked letters', () => {
  it('answers as a plain list would, whatever was added, replaced and removed, in whatever order and beyond its first capacity', () => {
    fc.assert(
      fc.property(steps, filters, fc.integer({ min: 1, max: 10 }), fc.nat({ max: 100 }), (done, filter, limit, before) => {
        const index = createLetterIndex(4);
        const model = new Map<string, Kept>();
        for (const step of done) {
          if ('add' in step) {
            // Positions are unique: where a letter is stored, no other one is.
            const position = step.position + model.size / 1000 + done.indexOf(step) / 100_000;
            index.add(step.add, position);
            model.set(step.add.id, { letter: step.add, position });
          } else {
            expect(index.remove(step.remove)).toBe(model.get(step.remove)?.position);
            model.delete(step.remove);
          }
        }
        const all = [...model.values()].sort((a, b) => a.position - b.position);
        expect(index.size).toBe(model.size);
        for (const wanted of [{}, filter]) {
          const found = all.filter(({ letter }) => matches(letter, wanted));
          const older = found.filter(({ position }) => position < before);
          expect(index.matching(wanted)).toEqual(found.map(({ letter }) => letter.id));
          expect(index.newest(wanted, before, limit)).toEqual(
            older
              .slice(-limit)
              .reverse()
              .map(({ letter }) => letter),
          );
        }
        expect(index.oldestFailure()).toBe(
          all.length === 0 ? undefined : Math.min(...all.map(({ letter }) => letter.lastFailedAt)),
        );
        for (const [id, { position }] of model) expect(index.positionOf(id)).toBe(position);
      }),
      { numRuns: 300 },
    );
  });

  it('knows no place of a letter that it has not', () => {
    const index = createLetterIndex();
    expect(index.positionOf('a')).toBeUndefined();
    expect(index.remove('a')).toBeUndefined();
    expect(index.oldestFailure()).toBeUndefined();
  });

  it('does not grow when the same few letters come and go for ever', () => {
    const index = createLetterIndex(8);
    for (let i = 0; i < 10_000; i++) {
      index.add(summaryWith(String(i % 3), { lastFailedAt: i }), i);
      if (i % 2 === 0) index.remove(String(i % 3));
    }
    expect(index.size).toBeLessThanOrEqual(3);
    expect(index.newest({}, Infinity, 1)).toEqual([summaryWith('0', { lastFailedAt: 9999 })]);
  });
});

describe('the columns of the index', () => {
  it('cut what a hostile letter made long, and count attempts up to what they hold', () => {
    const columns = createLetterColumns(1);
    columns.append(summaryWith('a', { reason: 'x'.repeat(10_000), eventId: 'y'.repeat(10_000), attempts: 1_000_000 }), 7);
    const { reason, eventId, attempts } = columns.read(0);
    expect([reason.length, eventId?.length, attempts]).toEqual([512, 512, 65_535]);
    expect(columns.positionOf(0)).toBe(7);
  });

  it('have a category that they do not know as unknown, which is retried', () => {
    const columns = createLetterColumns(1);
    columns.append(summaryWith('a', { category: 'from_the_future' as Category }), 1);
    expect(columns.read(0).category).toBe('unknown');
  });

  it('forget an erased letter, and say nothing of rows that were never written', () => {
    const columns = createLetterColumns(2);
    columns.append(summaryWith('a', { lastFailedAt: 5 }), 1);
    columns.erase(0);
    expect([columns.read(0).id, columns.length]).toEqual([undefined, 1]);
    expect([columns.positionOf(5), columns.lastFailedAtOf(5)]).toEqual([0, 0]);
    expect(columns.read(5)).toEqual({ category: categories[0] });
    expect(columns.matches(5, { failedAfter: 1 })).toBe(false);
  });
});

describe('a page of letters', () => {
  const indexOf = (count: number) => {
    const index = createLetterIndex();
    for (let i = 0; i < count; i++) index.add(summaryWith(`letter-${i}`), i + 1);
    return index;
  };

  it('leads to the next until every letter was seen once, the last put first', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 10 }), (count, limit) => {
        const index = indexOf(count);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = pageOf(index, {}, { limit, ...(cursor === undefined ? {} : { cursor }) });
          expect(page.items.length).toBeLessThanOrEqual(limit);
          seen.push(...page.items.map(({ id }) => id));
          cursor = page.cursor;
        } while (cursor !== undefined && seen.length <= count);
        expect(seen).toEqual(Array.from({ length: count }, (_, i) => `letter-${count - 1 - i}`));
      }),
    );
  });

  it('neither repeats nor skips a letter when others come and go between two pages', () => {
    const index = indexOf(6);
    const first = pageOf(index, {}, { limit: 2 });
    index.add(summaryWith('late'), 100);
    index.remove('letter-4');
    const second = pageOf(index, {}, { limit: 2, cursor: first.cursor ?? '' });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(['letter-5', 'letter-4', 'letter-3', 'letter-2']);
  });

  it.each(['', '-1', '1.5', 'abc', '1e3', ' 1', '9'.repeat(16), "1' OR 1=1"])(
    'is refused for the cursor "%s", which no list gave',
    (cursor) => {
      expect(codeAndField(() => pageOf(indexOf(3), {}, { limit: 2, cursor }))).toEqual({
        code: 'INVALID_QUERY',
        field: 'cursor',
      });
    },
  );
});
