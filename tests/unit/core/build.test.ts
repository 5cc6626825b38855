import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  buildId,
  buildIdPattern,
  buildKey,
  buildStatuses,
  checkCompletion,
  contextKey,
  hasEnded,
  jobName,
  nextTryAt,
  retryAfterFailureMs,
  type BuildIngredients,
  type Completion,
} from '../../../src/core/build.ts';
import { runtimes, type Runtime } from '../../../src/core/source.ts';
import { hex, refs } from './arbitraries.ts';
import { buildWith } from './builds.ts';
import { codeAndField } from './refusal.ts';

const records = fc.dictionary(fc.string(), fc.string(), { maxKeys: 4 });
const anything: { [K in keyof BuildIngredients]-?: fc.Arbitrary<Required<BuildIngredients>[K]> } = {
  contentHash: hex(64),
  kind: fc.constantFrom('file', 'tar.gz', 'zip', 'prefix'),
  entry: fc.option(fc.string()),
  runtime: fc.constantFrom(...(Object.keys(runtimes) as Runtime[])),
  handler: fc.string(),
  templateVersion: fc.string(),
  baseImages: records,
  builderOptions: records,
};
const names = Object.keys(anything) as (keyof BuildIngredients)[];
const ingredients: fc.Arbitrary<BuildIngredients> = fc.record(anything, {
  requiredKeys: ['contentHash', 'kind', 'entry', 'runtime', 'templateVersion', 'baseImages', 'builderOptions'],
});

const reordered = (record: Readonly<Record<string, string>>) => Object.fromEntries(Object.entries(record).reverse());

describe('the key of a build', () => {
  it('is 64 hex digits, the same for the same ingredients in whatever order they are listed', () => {
    fc.assert(
      fc.property(ingredients, (from) => {
        const again = { ...from, baseImages: reordered(from.baseImages), builderOptions: reordered(from.builderOptions) };
        expect(buildKey(from)).toMatch(/^[0-9a-f]{64}$/);
        expect(buildKey(again)).toBe(buildKey(from));
      }),
    );
  });

  it('is another one when any ingredient is another, so that no stale image is ever taken', () => {
    fc.assert(
      fc.property(ingredients, ingredients, fc.constantFrom(...names), (from, other, changed) => {
        const rest = Object.fromEntries(Object.entries(from).filter(([name]) => name !== changed));
        const after = { ...rest, ...(other[changed] === undefined ? {} : { [changed]: other[changed] }) } as BuildIngredients;
        const sorted = (one: BuildIngredients) => [
          one.contentHash,
          one.kind,
          one.entry,
          one.runtime,
          one.handler,
          one.templateVersion,
          ...[one.baseImages, one.builderOptions].map((record) => Object.entries(record).sort()),
        ];
        fc.pre(JSON.stringify(sorted(from)) !== JSON.stringify(sorted(after)));
        expect(buildKey(after)).not.toBe(buildKey(from));
      }),
      { numRuns: 500 },
    );
  });

  it('tells apart ingredients that only look alike when they are put in a row', () => {
    const base: BuildIngredients = {
      contentHash: 'a',
      kind: 'file',
      entry: 'n',
      runtime: 'nodejs24',
      templateVersion: 't',
      baseImages: {},
      builderOptions: {},
    };
    const keys = [
      base,
      { ...base, kind: 'tar.gz' as const },
      { ...base, entry: null },
      { ...base, entry: 'null' },
      { ...base, contentHash: 'a"', entry: '"n' },
      { ...base, handler: 't', templateVersion: '' },
      { ...base, handler: 'null' },
      { ...base, handler: '' },
      { ...base, baseImages: { a: 'b' } },
      { ...base, builderOptions: { a: 'b' } },
      { ...base, baseImages: { a: 'b', c: 'd' } },
      { ...base, baseImages: { a: 'b,c', d: '' } },
    ].map(buildKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('the id of a build', () => {
  it('is 16 hex digits that make a job name and pass for an id on the wire', () => {
    fc.assert(
      fc.property(
        refs,
        hex(64),
        fc.option(fc.record({ source: fc.string(), id: fc.string() }), { nil: undefined }),
        (ref, key, forcedBy) => {
          const id = buildId(ref, key, forcedBy);
          expect(id).toMatch(new RegExp(buildIdPattern));
          expect(jobName(id)).toMatch(/^build-[0-9a-f]{16}$/);
          expect(buildId(ref, key, forcedBy)).toBe(id);
        },
      ),
    );
  });

  it('differs for another tenant, function, key, or forcing event', () => {
    const ref = { tenant: 'ab', function: 'c' };
    const all = [
      buildId(ref, 'k'),
      buildId({ tenant: 'a', function: 'bc' }, 'k'),
      buildId(ref, 'k2'),
      buildId(ref, 'k', { source: '/s', id: '1' }),
      buildId(ref, 'k', { source: '/s', id: '2' }),
      buildId(ref, 'k', { source: '/s1', id: '' }),
      buildId(ref, 'k', { source: '', id: '' }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('is the same for the same forced event sent again, so a resent event does not build twice', () => {
    const ref = { tenant: 't', function: 'f' };
    expect(buildId(ref, 'k', { source: '/s', id: '1' })).toBe(buildId(ref, 'k', { source: '/s', id: '1' }));
  });
});

describe('the context of a build', () => {
  it('lies under its key alone, so that equal sources of two tenants share it', () => {
    expect(contextKey('a'.repeat(64))).toBe(`contexts/${'a'.repeat(64)}.tar.gz`);
  });
});

describe('a status', () => {
  it('has ended exactly when the build can do nothing more', () => {
    expect(buildStatuses.filter(hasEnded)).toEqual(['complete', 'failed', 'timeout', 'cancelled']);
  });
});

describe('the next try of a failed build', () => {
  it.each(['failed', 'timeout'] as const)('waits five minutes after it ended as %s, and not a millisecond longer', (status) => {
    const build = buildWith({ status, endedAt: 10_000 });
    expect(nextTryAt(build, 10_000)).toBe(10_000 + retryAfterFailureMs);
    expect(nextTryAt(build, 10_000 + retryAfterFailureMs - 1)).toBe(10_000 + retryAfterFailureMs);
    expect(nextTryAt(build, 10_000 + retryAfterFailureMs)).toBeUndefined();
  });

  it('counts from its creation when nobody knows when it ended', () => {
    expect(nextTryAt(buildWith({ status: 'failed', createdAt: 500 }), 1000)).toBe(500 + retryAfterFailureMs);
  });

  it.each(['queued', 'running', 'complete', 'cancelled'] as const)('is not held back when it is %s', (status) => {
    expect(nextTryAt(buildWith({ status, endedAt: 10_000 }), 10_000)).toBeUndefined();
  });
});

describe('a completion', () => {
  const build = buildWith({ status: 'running', imageDigest: `sha256:${'e'.repeat(64)}` });
  const { ref } = build;
  const honest: Completion = {
    build_id: build.buildId,
    job_name: build.jobName,
    image_uri: build.image,
    image_digest: `sha256:${'e'.repeat(64)}`,
    content_hash: build.contentHash,
  };
  const check = (claimed: Partial<Completion>, claimedRef = ref) =>
    codeAndField(() => checkCompletion(build, claimedRef, { ...honest, ...claimed }));

  it('is believed when all that it names is what was asked for', () => {
    expect(() => checkCompletion(build, ref, honest)).not.toThrow();
    expect(() => checkCompletion(build, { ...ref }, { build_id: build.buildId })).not.toThrow();
  });

  it('is believed with its content hash written with the algorithm, as events may write it', () => {
    expect(() => checkCompletion(build, ref, { ...honest, content_hash: `sha256:${build.contentHash}` })).not.toThrow();
  });

  it.each([
    ['job_name', 'build-0000000000000000'],
    ['image_uri', 'registry/other:tag'],
    ['image_digest', `sha256:${'f'.repeat(64)}`],
    ['content_hash', '0'.repeat(64)],
  ] as const)('is refused when its %s is another, so nobody deploys a foreign image with it', (field, value) => {
    expect(check({ [field]: value })).toEqual({ code: 'COMPLETION_MISMATCH', field });
  });

  it('is refused when it speaks for another tenant or function', () => {
    expect(check({}, { ...ref, tenant: 'other' })).toEqual({ code: 'COMPLETION_MISMATCH', field: 'third_party_id' });
    expect(check({}, { ...ref, function: 'other' })).toEqual({ code: 'COMPLETION_MISMATCH', field: 'parser_id' });
  });

  it('may bring the digest of an image that nobody knew before', () => {
    const fresh = buildWith({ status: 'running' });
    expect(() => checkCompletion(fresh, ref, honest)).not.toThrow();
  });
});
