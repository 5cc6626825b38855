// Builds for the tests of what is done with them.
import fc from 'fast-check';
import { buildId, contextKey, jobName, type Build, type BuildStatus } from '../../../src/core/build.ts';
import { imageName } from '../../../src/core/function.ts';
import { hex, ids, refs, texts } from './arbitraries.ts';

const digest = 'd'.repeat(64);
const ref = { tenant: 'tenant', function: 'function' };

export const buildWith = (extra: Partial<Build> = {}): Build => ({
  buildId: buildId(ref, digest),
  ref,
  buildKey: digest,
  contentHash: 'c'.repeat(64),
  sourceKey: 'parsers/test.js',
  runtime: 'nodejs24',
  image: imageName('registry', 'functions', ref, digest),
  contextKey: contextKey(digest),
  priority: 5,
  requestedAt: 1000,
  cause: { source: '/s', id: '1' },
  correlationId: 'correlation',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
  status: 'queued',
  jobName: jobName(buildId(ref, digest)),
  attempt: 1,
  createdAt: 2000,
  ...extra,
});

const optional = {
  startedAt: fc.nat({ max: 10_000 }),
  endedAt: fc.nat({ max: 10_000 }),
  exitCode: fc.integer({ min: 0, max: 255 }),
  imageDigest: hex(64).map((digits) => `sha256:${digits}`),
  errorMessage: fc.string({ maxLength: 5000 }),
};

export const builds = <S extends BuildStatus>(...statuses: S[]): fc.Arbitrary<Build & { status: S }> =>
  fc
    .record(
      {
        ref: refs,
        key: hex(64),
        contentHash: hex(64),
        status: fc.constantFrom(...statuses),
        attempt: fc.integer({ min: 1, max: 9 }),
        id: texts({ minLength: 1 }),
        correlationId: ids,
        ...optional,
      },
      { requiredKeys: ['ref', 'key', 'contentHash', 'status', 'attempt', 'id', 'correlationId'] },
    )
    .map(({ key, id, ...rest }) => ({
      ...buildWith(),
      ...rest,
      buildId: buildId(rest.ref, key),
      buildKey: key,
      jobName: jobName(buildId(rest.ref, key)),
      image: imageName('registry.local:5000', 'functions', rest.ref, key),
      contextKey: contextKey(key),
      cause: { source: '/s', id },
    }));
