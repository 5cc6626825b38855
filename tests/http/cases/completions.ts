// Completions of a build that is there, and has ended as complete: only what matches it is believed (contract section 2).
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { Expected } from '../check.ts';
import { binary, withData } from '../requests.ts';
import { echo } from './invocation.ts';

export type Build = { build_id: string; job_name: string; image_uri: string; image_digest: string; content_hash: string };

export type CompletionCase = readonly [sentence: string, request: (build: Build) => Buffer, expected: Expected];

const other = `sha256:${'0'.repeat(64)}`;
const attributes = { subject: echo.name };
const refused = (field: string, code: ErrorCode = 'COMPLETION_MISMATCH') => ({ status: 422, code, field });

const complete = (change: object) => (build: Build) => withData('build.complete', { ...build, ...change }, { attributes });

const job = (name: string, parser: string): Buffer =>
  binary({
    attributes: { type: 'dev.knative.apiserver.resource.update' },
    body: JSON.stringify({
      kind: 'Job',
      metadata: {
        name,
        annotations: { 'build.notifi.network/third-party-id': echo.tenant, 'build.notifi.network/parser-id': parser },
      },
    }),
  });

export const completions: readonly CompletionCase[] = [
  ['acknowledges what matches, a second time too', complete({}), { status: 200, outcome: 'acknowledged' }],
  ['refuses another job', complete({ job_name: 'build-0000000000000000' }), refused('job_name')],
  [
    'refuses another image, which anybody could have pushed',
    complete({ image_uri: 'evil.example/image:latest' }),
    refused('image_uri'),
  ],
  ['refuses another digest of the image', complete({ image_digest: other }), refused('image_digest')],
  ['refuses another content', complete({ content_hash: other }), refused('content_hash')],
  [
    'refuses another function of the tenant',
    (build) => withData('build.complete', build, { attributes: { subject: 'wire' } }),
    refused('parser_id'),
  ],
  [
    'refuses another tenant',
    (build) => withData('build.complete', build, { attributes: { ...attributes, source: 'network.notifi.other' } }),
    refused('third_party_id'),
  ],
  ['refuses a failure of what is complete', (build) => withData('build.failed', build, { attributes }), refused('type')],
  ['refuses a timeout of what is complete', (build) => withData('build.timeout', build, { attributes }), refused('type')],
  [
    'does not cancel a build of another function',
    ({ build_id }) => withData('build.cancel', { build_id }, { attributes: { subject: 'wire' } }),
    refused('data.build_id', 'BUILD_UNKNOWN'),
  ],
  [
    'does not run a build of another function again',
    ({ build_id }) => withData('job.start', { build_id }, { attributes: { subject: 'wire' } }),
    refused('data.build_id', 'BUILD_UNKNOWN'),
  ],
  [
    'deploys nothing again when the cluster says that its job has ended',
    ({ job_name }) => job(job_name, echo.name),
    { status: 200, outcome: 'skipped' },
  ],
  ['refuses a job of another function', ({ job_name }) => job(job_name, 'wire'), refused('parser_id')],
  [
    'skips the cancellation of what has ended',
    ({ build_id }) => withData('build.cancel', { build_id }, { attributes }),
    { status: 200, outcome: 'skipped' },
  ],
];
