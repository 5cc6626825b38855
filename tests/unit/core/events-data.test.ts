import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cloudEvent, type AttributeValue, type EventData } from '../../../src/core/cloudevent.ts';
import { typePrefix } from '../../../src/core/event-type.ts';
import { parseEvent } from '../../../src/core/events.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const identity = { third_party_id: 'tenant', parser_id: 'function' };
const buildId = '0123456789abcdef';

const eventOf = (type: string, data: EventData | undefined, attributes: Record<string, AttributeValue> = {}) =>
  cloudEvent(Object.entries({ specversion: '1.0', id: '1', source: 'test-cli', type, ...attributes }), data);
const parse = (name: string, json: unknown, attributes: Record<string, AttributeValue> = {}) =>
  parseEvent(eventOf(`${typePrefix}${name}`, { json }, attributes));
const refused = (name: string, json: unknown, attributes: Record<string, AttributeValue> = {}) =>
  codeAndField(() => parse(name, json, attributes));

describe('a source key', () => {
  it.each(['parsers/test.js', 'a', 'a/b/', 'a b/ü.js', '..a/b..', 'a/...', '.hidden', 'x'.repeat(1024)])(
    'may be %s',
    (s3_key) => {
      expect(parse('build.start', { ...identity, s3_key }).data).toMatchObject({ s3_key });
    },
  );

  it.each([
    ['nothing', ''],
    ['an absolute path', '/etc/passwd'],
    ['a path that climbs', '../secret'],
    ['a path that climbs later', 'a/../../b'],
    ['a path that ends with a climb', 'a/..'],
    ['a segment that is a dot', 'a/./b'],
    ['a climb after a line separator, which a dot in a pattern does not match', 'a\u2028/../../b'],
    ['a climb after a paragraph separator', 'a\u2029/../b'],
    ['a backslash', 'a\\..\\b'],
    ['a line feed', 'a\nb'],
    ['NUL', 'a\0b'],
    ['half a character, which no store could name', 'a\ud800b'],
    ['1025 characters', 'x'.repeat(1025)],
  ])('is refused when it is %s', (_, s3_key) => {
    expect(refused('build.start', { ...identity, s3_key })).toEqual({ code: 'INVALID_DATA', field: 'data.s3_key' });
    expect(refused('parser.start', { ...identity, s3_key })).toEqual({ code: 'INVALID_DATA', field: 'data.s3_key' });
  });

  it('never climbs, whatever is made of its parts', () => {
    const parts = fc.array(fc.constantFrom('..', '.', 'a', '', '\u2028', '\u2029', '\r', ' ', '...', 'é'), { maxLength: 6 });
    fc.assert(
      fc.property(parts, fc.constantFrom('/', '/../', ''), (segments, separator) => {
        const s3_key = segments.join(separator);
        try {
          parse('build.start', { ...identity, s3_key });
        } catch {
          return;
        }
        expect(s3_key.split('/').filter((segment) => segment === '..' || segment === '.')).toEqual([]);
        expect(s3_key.startsWith('/')).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the data of build.start', () => {
  it('may carry everything that the contract names', () => {
    const data = {
      ...identity,
      s3_key: 'a.js',
      runtime: 'nodejs24',
      handler: 'lib/parse.run',
      priority: 1,
      force: true,
      context_id: 'c',
      content_hash: 'a'.repeat(64),
      parameters: { anything: [1, { b: null }] },
    };
    expect(parse('build.start', data).data).toEqual(data);
  });

  it.each([
    ['priority', 0],
    ['priority', 11],
    ['priority', 1.5],
    ['priority', '1'],
    ['runtime', 'ruby'],
    ['runtime', 'constructor'],
    ['handler', '../../etc/passwd'],
    ['handler', "a'; process.exit()"],
    ['handler', 'a b'],
    ['handler', '9a'],
    ['handler', ''],
    ['handler', 'x'.repeat(201)],
    ['force', 'yes'],
    ['content_hash', 'a'.repeat(63)],
    ['content_hash', 'A'.repeat(64)],
    ['content_hash', `md5:${'a'.repeat(64)}`],
    ['context_id', 'x'.repeat(4097)],
    ['parameters', []],
    ['parameters', 'text'],
    ['s3_key', 5],
  ])('is refused when %s is %j, and the answer names the field and the rule', (field, value) => {
    const refusal = refusalOf(() => parse('build.start', { ...identity, [field]: value }));
    expect({ code: refusal.code, field: refusal.details.field }).toEqual({ code: 'INVALID_DATA', field: `data.${field}` });
    expect(refusal.message).toMatch(new RegExp(`^Field "data.${field}" must `));
  });

  it.each(['nodejs', 'python', 'go', 'nodejs22', 'python3.11', 'go1.26'])('may ask for the runtime %s', (runtime) => {
    expect(parse('build.start', { ...identity, runtime }).data).toMatchObject({ runtime });
  });

  it.each(['handle', 'main.handler', '_x', '$f', 'lib/parse-all.run2'])('may name the handler %s', (handler) => {
    expect(parse('build.start', { ...identity, handler }).data).toMatchObject({ handler });
  });
});

describe('the data of parser.start', () => {
  it('may be of either form that the contract names', () => {
    const parameters = { blockId: '0x1', blockchainType: 1, urlForBlob: 'https://example.com/blob', logIndices: [1, 2] };
    expect(parse('parser.start', { contextId: 'c', parameters }, { source: 'network.notifi.acme', subject: 'p' }).data).toEqual({
      contextId: 'c',
      parameters,
    });
    expect(parse('parser.start', { ...identity, s3_key: 'parsers/test.js' }).ref).toEqual({
      tenant: 'tenant',
      function: 'function',
    });
  });

  it.each([
    ['parameters', [], 'parameters'],
    ['parameters', { blockId: true }, 'parameters.blockId'],
    ['parameters', { blockchainType: [] }, 'parameters.blockchainType'],
    ['parameters', { urlForBlob: 5 }, 'parameters.urlForBlob'],
    ['parameters', { logIndices: 'all' }, 'parameters.logIndices'],
    ['parameters', { logIndices: [1, '2'] }, 'parameters.logIndices'],
    ['contextId', 5, 'contextId'],
  ])('is refused when %s is %j', (name, value, field) => {
    expect(refused('parser.start', { ...identity, [name]: value })).toEqual({ code: 'INVALID_DATA', field: `data.${field}` });
  });

  it('is judged at once even with millions of wrong fields, because one body must not hold up all others', () => {
    const logIndices = Array.from({ length: 1_000_000 }, () => 'x');
    const parameters = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`name${index}`, 1]));
    const started = performance.now();
    expect(refused('parser.start', { ...identity, contextId: 5, parameters: { logIndices } }).code).toBe('INVALID_DATA');
    expect(refused('build.start', { ...identity, priority: 'x', parameters }).code).toBe('INVALID_DATA');
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('the data of the other events', () => {
  it.each(['build.complete', 'build.failed', 'build.timeout'])(
    'of %s must name the build, because nothing else says which one ended',
    (name) => {
      const refusal = refusalOf(() => parse(name, identity));
      expect({ code: refusal.code, field: refusal.details.field }).toEqual({ code: 'INVALID_DATA', field: 'data.build_id' });
    },
  );

  it.each([
    ['build_id', 'x'],
    ['image_digest', 'sha256:short'],
    ['duration_ms', -1],
    ['exit_code', 1.5],
    ['job_name', ''],
  ])('of a completion is refused when %s is %j', (field, value) => {
    expect(refused('build.complete', { ...identity, build_id: buildId, [field]: value })).toEqual({
      code: 'INVALID_DATA',
      field: `data.${field}`,
    });
  });

  it('of build.cancel and service.delete may be the identity alone', () => {
    expect(parse('build.cancel', identity).data).toEqual(identity);
    expect(parse('service.delete', identity).data).toEqual(identity);
  });

  it('of job.start may name a build or a content hash', () => {
    expect(parse('job.start', { ...identity, build_id: buildId }).data).toMatchObject({ build_id: buildId });
    expect(parse('job.start', { ...identity, content_hash: `sha256:${'a'.repeat(64)}` }).name).toBe('job.start');
  });
});

describe('a change of a job', () => {
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: `build-${buildId}`,
      annotations: { 'build.notifi.network/third-party-id': 'tenant', 'build.notifi.network/parser-id': 'function' },
    },
  };
  const change = (json: unknown) => () =>
    parseEvent(
      eventOf('dev.knative.apiserver.resource.update', { json }, { source: 'https://10.0.0.1:443', subject: '/apis/batch/v1' }),
    );

  it('is about the function in its annotations, whatever source and subject say', () => {
    expect(change(job)()).toMatchObject({ name: 'object.changed', ref: { tenant: 'tenant', function: 'function' } });
  });

  it.each(['Service', 'Trigger'])('is about the function that the %s is a part of', (kind) => {
    const part = { ...job, kind, metadata: { ...job.metadata, name: 'fn-0123456789-function' } };
    expect(change(part)()).toMatchObject({ name: 'object.changed', data: { kind }, ref: { function: 'function' } });
  });

  it.each([
    ['another kind', { ...job, kind: 'Pod' }, 'data.kind'],
    [
      'a service that is not of a function',
      { ...job, kind: 'Service', metadata: { ...job.metadata, name: 'fn-web' } },
      'data.metadata.name',
    ],
    ['a job that is not of a build', { ...job, metadata: { ...job.metadata, name: 'other' } }, 'data.metadata.name'],
    ['no annotations', { ...job, metadata: { name: job.metadata.name } }, 'data.metadata.annotations'],
    ['no metadata', { kind: 'Job' }, 'data.metadata'],
  ])('is refused for %s', (_, json, field) => {
    expect(codeAndField(change(json))).toEqual({ code: 'INVALID_DATA', field });
  });

  it('is refused with an annotation that is no id', () => {
    const annotations = { ...job.metadata.annotations, 'build.notifi.network/parser-id': '../x' };
    expect(codeAndField(change({ ...job, metadata: { ...job.metadata, annotations } })).code).toBe('INVALID_DATA');
  });
});
