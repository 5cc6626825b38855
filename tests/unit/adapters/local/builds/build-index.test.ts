import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBuildIndex } from '../../../../../src/adapters/local/builds/build-index.ts';
import type { Build } from '../../../../../src/core/build.ts';

const buildOf = (number: number, createdAt: number, fields: Partial<Build> = {}): Build =>
  ({
    buildId: number.toString(16).padStart(16, '0'),
    ref: { tenant: `t${number % 7}`, function: 'f' },
    status: 'complete',
    contentHash: 'a',
    createdAt,
    ...fields,
  }) as Build;

const walk = (index: ReturnType<typeof createBuildIndex>, limit: number, between: () => void = () => undefined): string[] => {
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = index.list({}, { limit, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.items.map(({ buildId }) => buildId));
    cursor = page.cursor;
    between();
  } while (cursor !== undefined);
  return seen;
};

describe('the index of builds', () => {
  test('gives every build once, newest first, in pages of any size', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 30 }), fc.integer({ min: 1, max: 7 }), (times, limit) => {
        const builds = times.map((createdAt, number) => buildOf(number, createdAt));
        const index = createBuildIndex([]);
        for (const build of builds) index.set(build);
        const expected = builds
          .toSorted((a, b) => b.createdAt - a.createdAt || (a.buildId < b.buildId ? -1 : 1))
          .map(({ buildId }) => buildId);
        expect(walk(index, limit)).toEqual(expected);
        expect(walk(createBuildIndex(builds), limit)).toEqual(expected);
      }),
    );
  });

  test('shows what was there at the first page exactly once, however many builds come and are started again meanwhile', () => {
    const index = createBuildIndex(Array.from({ length: 20 }, (_, number) => buildOf(number, number)));
    let next = 100;
    const seen = walk(index, 3, () => {
      index.set(buildOf(next, next));
      // An ended build that is started again is new; it moves to the front, and the cursor stays where it was.
      index.set(buildOf(19, ++next));
    });
    expect(seen).toEqual(Array.from({ length: 20 }, (_, number) => buildOf(19 - number, 0).buildId));
  });

  test('replaces a build in its place', () => {
    const index = createBuildIndex([buildOf(1, 5, { status: 'queued' })]);
    index.set(buildOf(1, 5, { status: 'running' }));
    expect(index.list({}, { limit: 9 }).items).toEqual([buildOf(1, 5, { status: 'running' })]);
    expect(index.list({ status: 'queued' }, { limit: 9 }).items).toEqual([]);
    expect(index.get(buildOf(1, 5).buildId)?.status).toBe('running');
  });

  test('finds a page among ten thousand builds in a millisecond or so, and takes a new one as fast', () => {
    const index = createBuildIndex(Array.from({ length: 10_000 }, (_, number) => buildOf(number, number)));
    const rounds = 200;
    const before = performance.now();
    for (let i = 0; i < rounds; i++) {
      expect(index.list({ tenant: 't3' }, { limit: 20 }).items).toHaveLength(20);
      index.set(buildOf(20_000 + i, 20_000 + i, { ref: { tenant: 'other', function: 'f' } }));
    }
    // A hundred times what it takes: so it fails for a wrong order of growth, and not for a busy machine.
    expect((performance.now() - before) / rounds).toBeLessThan(10);
  });

  test.each([
    '',
    'x',
    Buffer.from('1.2').toString('base64url'),
    Buffer.from('-1.0000000000000001').toString('base64url'),
    '__proto__',
  ])('refuses %p as a cursor', (cursor) => {
    expect(() => createBuildIndex([]).list({}, { limit: 1, cursor })).toThrow(expect.objectContaining({ code: 'INVALID_QUERY' }));
  });
});
