import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cloudEvent, type AttributeValue, type EventData } from '../../../src/core/cloudevent.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { typePrefix } from '../../../src/core/event-type.ts';
import { parseEvent, schemas, wireTypes } from '../../../src/core/events.ts';
import { isId } from '../../../src/core/function.ts';
import { refs } from './arbitraries.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const identity = { third_party_id: 'tenant', parser_id: 'function' };
const buildId = '0123456789abcdef';

const eventOf = (type: string, data: EventData | undefined, attributes: Record<string, AttributeValue> = {}) =>
  cloudEvent(Object.entries({ specversion: '1.0', id: '1', source: 'test-cli', type, ...attributes }), data);
const parse = (name: string, json: unknown, attributes: Record<string, AttributeValue> = {}) =>
  parseEvent(eventOf(`${typePrefix}${name}`, { json }, attributes));
const refused = (name: string, json: unknown, attributes: Record<string, AttributeValue> = {}) =>
  codeAndField(() => parse(name, json, attributes));

const names = [
  'build.start',
  'parser.start',
  'job.start',
  'build.cancel',
  'build.complete',
  'build.failed',
  'build.timeout',
  'service.delete',
];

describe('an event type', () => {
  it.each(names)('network.notifi.lambda.%s is taken', (name) => {
    expect(parse(name, { ...identity, build_id: buildId })).toMatchObject({
      name,
      ref: { tenant: 'tenant', function: 'function' },
    });
  });

  it.each(['add', 'update', 'delete'])('dev.knative.apiserver.resource.%s is taken as the change of a job', (change) => {
    expect(wireTypes.get(`dev.knative.apiserver.resource.${change}`)).toBe('object.changed');
  });

  it.each(['build.queued', 'object.changed', 'parser.complete', 'BUILD.START', 'build.start ', 'constructor', '__proto__'])(
    'network.notifi.lambda.%s is refused for good, because nothing here handles it',
    (name) => {
      expect(refused(name, identity)).toEqual({ code: 'UNKNOWN_EVENT_TYPE', field: 'type' });
    },
  );

  it('without the prefix is refused, and shown in the answer by 128 characters at most', () => {
    const refusal = refusalOf(() => parseEvent(eventOf('x'.repeat(5000), undefined)));
    expect(refusal.code).toBe('UNKNOWN_EVENT_TYPE');
    expect(refusal.message.length).toBeLessThan(200);
  });
});

describe('a parsed event', () => {
  const hostile = fc.oneof(
    fc.jsonValue(),
    fc.record(
      {
        third_party_id: fc.oneof(fc.string(), fc.jsonValue()),
        parser_id: fc.oneof(fc.string(), fc.jsonValue()),
        parameters: fc.jsonValue(),
        build_id: fc.jsonValue(),
        metadata: fc.jsonValue(),
      },
      { requiredKeys: [] },
    ),
    fc.dictionary(
      fc.constantFrom(...Object.values(schemas).flatMap((schema) => Object.keys(schema.properties)), '__proto__', 'constructor'),
      fc.jsonValue(),
    ),
  );

  it('is typed and has an identity that may reach a file name, or is refused by a code that no broker retries: whatever the JSON is', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...wireTypes.keys()),
        hostile,
        fc.constantFrom('test-cli', 'network.notifi.acme'),
        (type, json, source) => {
          try {
            const { ref, data } = parseEvent(eventOf(type, { json }, { source }));
            expect([isId(ref.tenant), isId(ref.function), typeof data]).toEqual([true, true, 'object']);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(CodedError);
            expect((thrown as CodedError).retryable).toBe(false);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is typed or refused by a code, whatever the bytes and their declared type are', () => {
    fc.assert(
      fc.property(
        fc.uint8Array(),
        fc.constantFrom('application/json', 'text/plain', 'application/json; charset=utf-16', undefined),
        (bytes, type) => {
          const attributes = type === undefined ? {} : { datacontenttype: type };
          const event = eventOf('network.notifi.lambda.build.start', { bytes: Buffer.from(bytes) }, attributes);
          expect(refusalOf(() => parseEvent(event)).retryable).toBe(false);
        },
      ),
    );
  });

  it('carries the CloudEvent it came as, and fields that nobody asked for stay in its data', () => {
    const cloud = eventOf(`${typePrefix}build.start`, { json: { ...identity, note: 'kept' } });
    expect(parseEvent(cloud)).toEqual({
      name: 'build.start',
      ref: { tenant: 'tenant', function: 'function' },
      data: { ...identity, note: 'kept' },
      cloudEvent: cloud,
    });
  });

  it.each([[[]], ['text'], [5], [true], [false], [0], ['']])(
    'is refused with %j as data, because the fields live in an object',
    (json) => {
      expect(refused('build.start', json)).toEqual({ code: 'INVALID_DATA', field: 'data' });
    },
  );
});

describe('the identity of an event', () => {
  const fromSource = { source: 'network.notifi.acme', subject: 'parser-1' };

  it('is in source and subject, so the data need not repeat it, nor even be there', () => {
    expect(parse('build.start', {}, fromSource).ref).toEqual({ tenant: 'acme', function: 'parser-1' });
    expect(parseEvent(eventOf(`${typePrefix}build.start`, undefined, fromSource)).ref).toEqual({
      tenant: 'acme',
      function: 'parser-1',
    });
  });

  it('is in the data when the source is of another form, whose subject then means nothing', () => {
    expect(parse('build.start', identity, { subject: '../anything' }).ref).toEqual({ tenant: 'tenant', function: 'function' });
  });

  it('is half in the source and half in the data when there is no subject', () => {
    expect(parse('build.start', { parser_id: 'function' }, { source: 'network.notifi.acme' }).ref).toEqual({
      tenant: 'acme',
      function: 'function',
    });
  });

  it('is the same wherever it stands', () => {
    fc.assert(
      fc.property(refs, (ref) => {
        const attributes = { source: `network.notifi.${ref.tenant}`, subject: ref.function };
        const data = { third_party_id: ref.tenant, parser_id: ref.function };
        expect(parse('build.start', {}, attributes).ref).toEqual(ref);
        expect(parse('build.start', data).ref).toEqual(ref);
        expect(parse('build.start', data, attributes).ref).toEqual(ref);
      }),
    );
  });

  it.each([
    ['third_party_id', { parser_id: 'function' }, {}],
    ['parser_id', { third_party_id: 'tenant' }, {}],
    ['parser_id', {}, { source: 'network.notifi.acme' }],
    ['third_party_id', { parser_id: 'function' }, { source: 'network.notifi.not/an/id' }],
  ])('is missing without %s, and the answer says where it may stand', (field, data, attributes: Record<string, string>) => {
    expect(refused('build.start', data, attributes)).toEqual({ code: 'IDENTITY_MISSING', field: `data.${field}` });
  });

  it('is missing with an honest reason: the source is blamed only when it is the source that names no tenant', () => {
    expect(refusalOf(() => parse('build.start', {})).message).toContain('source');
    expect(refusalOf(() => parse('build.start', {}, { source: 'network.notifi.acme' })).message).toContain('subject');
  });

  it.each([
    ['third_party_id', { third_party_id: 'other' }],
    ['parser_id', { parser_id: 'other' }],
  ])('is refused when %s says another thing than source and subject, so nobody acts for a foreign tenant', (field, data) => {
    expect(refused('build.start', data, fromSource)).toEqual({ code: 'IDENTITY_MISMATCH', field: `data.${field}` });
  });

  it('is refused when the subject is no id', () => {
    expect(refused('build.start', {}, { ...fromSource, subject: '../up' })).toEqual({
      code: 'INVALID_ATTRIBUTE',
      field: 'subject',
    });
  });

  it.each(['', '-a', '../x', 'a/b', 'a b', '$(id)', 'a\n', 'é', 'x'.repeat(101), 5, null, {}])(
    'is refused as %j, before it reaches a name',
    (id) => {
      expect(refused('build.start', { ...identity, third_party_id: id })).toEqual({
        code: 'INVALID_DATA',
        field: 'data.third_party_id',
      });
      expect(refused('build.start', { ...identity, parser_id: id })).toEqual({ code: 'INVALID_DATA', field: 'data.parser_id' });
    },
  );
});
