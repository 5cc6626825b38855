// delivery=broker: what can never succeed is answered 200 with an event.rejected that carries the original, because a broker drops
// what it gets a 4xx for. What can heal keeps its status, so that the broker brings it again.
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { Category } from '../../../src/core/dead-letter.ts';
import { batch, binary, fromBroker, plain, request, structured, structuredType, unhandled, withData } from '../requests.ts';

type Rejected = {
  code: ErrorCode;
  category: Category;
  field?: string;
  /** The event, where it could be read; otherwise the request as it came. */
  original?: object;
  body?: string;
  headers?: Record<string, string>;
};

export type BrokerCase = readonly [sentence: string, request: Buffer, rejected: Rejected];

const path = fromBroker;
const type = (name: string): string => `network.notifi.lambda.${name}`;
const attributes = { 'ce-specversion': '1.0', 'ce-source': plain.source, 'ce-subject': plain.subject, 'ce-type': plain.type };
const text = JSON.stringify(plain);

export const readable: readonly BrokerCase[] = [
  [
    'rejects a type that nobody handles',
    binary({ path, attributes: { type: unhandled }, headers: [['ce-someextension', 'kept']] }),
    {
      code: 'UNKNOWN_EVENT_TYPE',
      category: 'unknown_event_type',
      field: 'type',
      original: { ...plain, type: unhandled, someextension: 'kept' },
    },
  ],
  [
    'rejects data that breaks a rule',
    withData('build.start', { priority: 0 }, { path }),
    {
      code: 'INVALID_DATA',
      category: 'validation',
      field: 'data.priority',
      original: { ...plain, type: type('build.start'), datacontenttype: 'application/json', data: { priority: 0 } },
    },
  ],
  [
    'rejects data that is no JSON, byte by byte',
    binary({ path, body: '{"a":' }),
    {
      code: 'INVALID_JSON',
      category: 'validation',
      field: 'data',
      original: { ...plain, data_base64: Buffer.from('{"a":').toString('base64') },
    },
  ],
  [
    'rejects data of another media type',
    binary({ path, contentType: 'text/plain', body: 'hello' }),
    {
      code: 'UNSUPPORTED_MEDIA_TYPE',
      category: 'validation',
      field: 'datacontenttype',
      original: { ...plain, datacontenttype: 'text/plain', data: 'hello' },
    },
  ],
  [
    'rejects a structured event about nobody',
    structured({ ...plain, source: 'test-cli' }, { path }),
    {
      code: 'IDENTITY_MISSING',
      category: 'validation',
      field: 'data.third_party_id',
      original: { ...plain, source: 'test-cli' },
    },
  ],
  [
    'rejects ids that disagree',
    withData('build.cancel', { third_party_id: 'other' }, { path }),
    {
      code: 'IDENTITY_MISMATCH',
      category: 'identity_mismatch',
      field: 'data.third_party_id',
      original: { ...plain, data: { third_party_id: 'other' } },
    },
  ],
  [
    'rejects a source that is not there',
    withData('build.start', { s3_key: 'parsers/none.js' }, { path }),
    {
      code: 'SOURCE_NOT_FOUND',
      category: 'source_not_found',
      field: 's3_key',
      original: { ...plain, type: type('build.start'), data: { s3_key: 'parsers/none.js' } },
    },
  ],
  [
    'rejects an event for a function that can not be built, and keeps none of it waiting',
    withData('parser.start', { s3_key: 'parsers/none.js' }, { path }),
    {
      code: 'SOURCE_NOT_FOUND',
      category: 'source_not_found',
      field: 's3_key',
      original: { ...plain, type: type('parser.start') },
    },
  ],
  [
    'rejects a source that breaks a rule',
    withData('build.start', { s3_key: 'archives/broken.zip' }, { path }),
    { code: 'SOURCE_INVALID', category: 'source_invalid', field: 's3_key', original: { ...plain, type: type('build.start') } },
  ],
  [
    'rejects a source that is not the one that was asked for',
    withData('build.start', { s3_key: 'parsers/plain.js', content_hash: 'a'.repeat(64) }, { path }),
    {
      code: 'CONTENT_HASH_MISMATCH',
      category: 'source_invalid',
      field: 'data.content_hash',
      original: { ...plain, type: type('build.start') },
    },
  ],
  [
    'rejects a source that no runtime fits',
    withData('build.start', { s3_key: 'texts/' }, { path }),
    { code: 'RUNTIME_UNKNOWN', category: 'source_invalid', field: 'runtime', original: { ...plain, type: type('build.start') } },
  ],
  [
    'rejects a completion of a build that nobody asked for',
    withData('build.complete', { build_id: '0123456789abcdef' }, { path }),
    {
      code: 'BUILD_UNKNOWN',
      category: 'validation',
      field: 'data.build_id',
      original: { ...plain, type: type('build.complete') },
    },
  ],
];

export const unreadable: readonly BrokerCase[] = [
  [
    'rejects an event without an id, with the headers that it did have',
    binary({ path, attributes: { id: undefined }, body: '{"a":1}' }),
    {
      code: 'MISSING_ATTRIBUTE',
      category: 'validation',
      field: 'id',
      body: '{"a":1}',
      headers: { ...attributes, 'content-type': 'application/json' },
    },
  ],
  [
    'rejects an event with a broken time',
    binary({ path, attributes: { time: 'yesterday' } }),
    {
      code: 'INVALID_ATTRIBUTE',
      category: 'validation',
      field: 'time',
      body: '',
      headers: { ...attributes, 'ce-id': plain.id, 'ce-time': 'yesterday' },
    },
  ],
  [
    'rejects an attribute that came twice, with both of its values',
    binary({ path, headers: [['ce-id', 'other']] }),
    {
      code: 'DUPLICATE_ATTRIBUTE',
      category: 'validation',
      field: 'id',
      body: '',
      headers: { ...attributes, 'ce-id': `${plain.id}, other` },
    },
  ],
  [
    'rejects a structured event that is cut off, with all that came of it',
    structured(text.slice(0, -5), { path }),
    {
      code: 'INVALID_JSON',
      category: 'validation',
      field: 'body',
      body: text.slice(0, -5),
      headers: { 'content-type': structuredType },
    },
  ],
  [
    'rejects an event of another version',
    binary({ path, attributes: { specversion: '0.3' } }),
    {
      code: 'UNSUPPORTED_SPECVERSION',
      category: 'validation',
      field: 'specversion',
      body: '',
      headers: { ...attributes, 'ce-id': plain.id, 'ce-specversion': '0.3' },
    },
  ],
  [
    'rejects a structured event that is a list',
    structured([plain], { path }),
    {
      code: 'INVALID_ENVELOPE',
      category: 'validation',
      field: 'event',
      body: JSON.stringify([plain]),
      headers: { 'content-type': structuredType },
    },
  ],
  [
    'rejects a request that is no event at all',
    request({ path }, [['Content-Type', 'text/plain']], 'hello'),
    {
      code: 'MISSING_ATTRIBUTE',
      category: 'validation',
      field: 'specversion',
      body: 'hello',
      headers: { 'content-type': 'text/plain' },
    },
  ],
  [
    'rejects a request without anything',
    request({ path }, [], ''),
    { code: 'MISSING_ATTRIBUTE', category: 'validation', field: 'specversion', body: '', headers: {} },
  ],
  [
    'rejects a Content-Type that is none, before which a server would have hung up',
    binary({ path, contentType: 'garbage', body: 'hello' }),
    {
      code: 'INVALID_ATTRIBUTE',
      category: 'validation',
      field: 'datacontenttype',
      body: 'hello',
      headers: { ...attributes, 'ce-id': plain.id, 'content-type': 'garbage' },
    },
  ],
  [
    'rejects a body under a content coding, with the coding',
    binary({ path, headers: [['Content-Encoding', 'gzip']], body: 'zipped' }),
    {
      code: 'UNSUPPORTED_MEDIA_TYPE',
      category: 'validation',
      field: 'content-encoding',
      body: 'zipped',
      headers: { ...attributes, 'ce-id': plain.id, 'content-type': 'application/json', 'content-encoding': 'gzip' },
    },
  ],
  [
    'rejects a batch whole, because an answer to a broker has room for one event',
    batch([plain], { path }),
    {
      code: 'UNSUPPORTED_MEDIA_TYPE',
      category: 'validation',
      field: 'content-type',
      body: JSON.stringify([plain]),
      headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' },
    },
  ],
  [
    'keeps no secret of a request in its rejection',
    binary({ path, attributes: { id: undefined }, headers: [['Authorization', 'Bearer secret']] }),
    { code: 'MISSING_ATTRIBUTE', category: 'validation', field: 'id', body: '', headers: attributes },
  ],
];
