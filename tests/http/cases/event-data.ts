// The data of every event type that is accepted (contract section 2): each field's rule is broken once.
import type { Case } from '../check.ts';
import { binary, prefix, withData } from '../requests.ts';

type Broken = readonly [type: string, data: object, field: string, why: string];

const digest = `sha256:${'a'.repeat(64)}`;
const build_id = '0123456789abcdef';
const long = 'x'.repeat(5000);

const broken: readonly Broken[] = [
  ['build.start', { priority: 0 }, 'priority', 'less than 1'],
  ['build.start', { priority: 11 }, 'priority', 'more than 10'],
  ['build.start', { priority: 1.5 }, 'priority', 'no integer'],
  ['build.start', { priority: '5' }, 'priority', 'text'],
  ['build.start', { force: 'true' }, 'force', 'text'],
  ['build.start', { force: 1 }, 'force', 'a number'],
  ['build.start', { runtime: 'ruby3' }, 'runtime', 'unknown'],
  ['build.start', { runtime: 'nodejs24\nRUN id' }, 'runtime', 'two lines of a Dockerfile'],
  ['build.start', { handler: '../index.handle' }, 'handler', 'a path that climbs'],
  ['build.start', { handler: 'a;b' }, 'handler', 'two statements'],
  ['build.start', { handler: '' }, 'handler', 'empty'],
  ['build.start', { content_hash: 'abc' }, 'content_hash', 'no hash'],
  ['build.start', { content_hash: 'A'.repeat(64) }, 'content_hash', 'in upper case'],
  ['build.start', { content_hash: `md5:${'a'.repeat(64)}` }, 'content_hash', 'of another algorithm'],
  ['build.start', { context_id: 5 }, 'context_id', 'a number'],
  ['build.start', { context_id: long }, 'context_id', 'too long'],
  ['build.start', { parameters: [] }, 'parameters', 'a list'],
  ['build.start', { parameters: 'x' }, 'parameters', 'text'],
  ['parser.start', { contextId: {} }, 'contextId', 'an object'],
  ['parser.start', { parameters: { blockId: {} } }, 'parameters.blockId', 'an object'],
  ['parser.start', { parameters: { blockchainType: [] } }, 'parameters.blockchainType', 'a list'],
  ['parser.start', { parameters: { urlForBlob: 5 } }, 'parameters.urlForBlob', 'a number'],
  ['parser.start', { parameters: { logIndices: ['1'] } }, 'parameters.logIndices', 'a list of text'],
  ['parser.start', { parameters: { logIndices: {} } }, 'parameters.logIndices', 'an object'],
  ['parser.start', { parameters: null }, 'parameters', 'null'],
  ['job.start', { build_id: 'xyz' }, 'build_id', 'no build id'],
  ['job.start', { content_hash: 'xyz' }, 'content_hash', 'no hash'],
  ['job.start', { priority: 99 }, 'priority', 'more than 10'],
  ['build.cancel', { build_id: `${build_id}0` }, 'build_id', 'too long'],
  ['build.cancel', { reason: [] }, 'reason', 'a list'],
  ['build.cancel', { reason: long }, 'reason', 'too long'],
  ['build.complete', {}, 'build_id', 'missing'],
  ['build.failed', { build_id: 5 }, 'build_id', 'a number'],
  ['build.timeout', { build_id: null }, 'build_id', 'null'],
  ['build.complete', { build_id, image_digest: 'sha256:abc' }, 'image_digest', 'no digest'],
  ['build.complete', { build_id, image_uri: '' }, 'image_uri', 'empty'],
  ['build.complete', { build_id, duration_ms: -1 }, 'duration_ms', 'less than 0'],
  ['build.complete', { build_id, exit_code: 'x' }, 'exit_code', 'text'],
  ['build.failed', { build_id, error_message: {} }, 'error_message', 'an object'],
  ['build.failed', { build_id, job_name: '' }, 'job_name', 'empty'],
  ['service.delete', { service_name: 5 }, 'service_name', 'a number'],
  ['service.delete', { reason: 5 }, 'reason', 'a number'],
];

/** The API server's own types have no prefix. */
const job = (data: unknown): Buffer =>
  binary({ attributes: { type: 'dev.knative.apiserver.resource.update' }, body: JSON.stringify(data) });

const annotations = { 'build.notifi.network/third-party-id': 'acme', 'build.notifi.network/parser-id': 'wire' };

const jobs: readonly Case[] = [
  [
    'refuses an object of the cluster that is no Job',
    job({ kind: 'Pod' }),
    { status: 422, code: 'INVALID_DATA', field: 'data.kind' },
  ],
  [
    'refuses a Job without a name of ours',
    job({ kind: 'Job', metadata: { name: 'other', annotations } }),
    { status: 422, code: 'INVALID_DATA', field: 'data.metadata.name' },
  ],
  [
    'refuses another kind under a name of ours',
    job({ kind: 'Pod', metadata: { name: `build-${build_id}`, annotations } }),
    { status: 422, code: 'INVALID_DATA', field: 'data.kind' },
  ],
  [
    'skips a Job that it does not know',
    job({ kind: 'Job', metadata: { name: `build-${build_id}`, annotations } }),
    { status: 200, outcome: 'skipped' },
  ],
];

const refused = (code: 'BUILD_UNKNOWN' | 'IDENTITY_MISMATCH' | 'UNKNOWN_EVENT_TYPE', field: string) =>
  ({ status: 422, code, field }) as const;

const handled: readonly Case[] = [
  [
    'refuses a completion of a build that nobody asked for',
    withData('build.complete', { build_id, image_digest: digest }),
    refused('BUILD_UNKNOWN', 'data.build_id'),
  ],
  [
    'refuses the failure of a build that nobody asked for',
    withData('build.failed', { build_id }),
    refused('BUILD_UNKNOWN', 'data.build_id'),
  ],
  [
    'refuses the timeout of a build that nobody asked for',
    withData('build.timeout', { build_id }),
    refused('BUILD_UNKNOWN', 'data.build_id'),
  ],
  [
    'has nothing to cancel of a build that is not there, or not any more',
    withData('build.cancel', { build_id }),
    { status: 200, outcome: 'skipped' },
  ],
  [
    'refuses to run a job of a build that is not there',
    withData('job.start', { build_id }),
    refused('BUILD_UNKNOWN', 'data.build_id'),
  ],
  [
    'refuses to run a job of a content that was never built',
    withData('job.start', { content_hash: digest }),
    refused('BUILD_UNKNOWN', 'data.content_hash'),
  ],
  [
    'refuses to delete a service that is not the function’s',
    withData('service.delete', { service_name: 'other' }),
    refused('IDENTITY_MISMATCH', 'data.service_name'),
  ],
  ['deletes a function that is already gone', withData('service.delete', {}), { status: 200, outcome: 'deleted' }],
  [
    'refuses a type that nobody handles',
    binary({ attributes: { type: 'com.example.other' } }),
    refused('UNKNOWN_EVENT_TYPE', 'type'),
  ],
  [
    'refuses its own announcements, which would go round for ever',
    binary({ attributes: { type: `${prefix}build.queued` } }),
    refused('UNKNOWN_EVENT_TYPE', 'type'),
  ],
  [
    'tells types by the case of their letters',
    binary({ attributes: { type: `${prefix}Build.Start` } }),
    refused('UNKNOWN_EVENT_TYPE', 'type'),
  ],
  [
    'takes members that it does not know, because a newer sender may have them',
    withData('build.cancel', { added_later: 1 }),
    { status: 200, outcome: 'skipped' },
  ],
];

export const eventData: readonly Case[] = [
  ...broken.map(([type, data, field, why]): Case => [
    `refuses ${type} whose ${field} is ${why}`,
    withData(type, data),
    { status: 422, code: 'INVALID_DATA', field: `data.${field}` },
  ]),
  ...jobs,
  ...handled,
];
