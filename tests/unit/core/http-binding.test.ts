import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from '../../../src/core/errors.ts';
import { readRequest } from '../../../src/core/http-binding.ts';
import { texts } from './arbitraries.ts';
import { binary, minimal, nothing, receive, single, structured } from './messages.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const refused = (headers: Record<string, string>) => codeAndField(() => binary(headers));

describe('the content mode', () => {
  const event = { specversion: '1.0', id: '1', source: '/s', type: 't' };

  it.each([
    ['binary', undefined],
    ['binary', ''],
    ['binary', 'application/json'],
    ['binary', 'text/plain; x="application/cloudevents+json"'],
    ['structured', 'application/cloudevents+json'],
    ['structured', 'Application/CloudEvents+JSON; Charset=UTF-8'],
    ['structured', 'application/cloudevents+json ; charset="utf-8"'],
    ['batch', 'application/cloudevents-batch+json'],
    ['batch', 'APPLICATION/CLOUDEVENTS-BATCH+JSON;charset=utf8'],
  ])('is %s when Content-Type is %s, because it is told by that header alone', (mode, contentType) => {
    const body = Buffer.from(JSON.stringify(mode === 'batch' ? [event] : event));
    expect(readRequest(Object.entries(minimal).flat(), contentType, body).mode).toBe(mode);
  });

  it.each([
    'application/cloudevents+avro',
    'application/cloudevents+xml',
    'application/cloudevents',
    'application/cloudevents-batch+protobuf',
  ])('is refused for %s, a format that is not spoken here', (contentType) => {
    expect(codeAndField(() => readRequest([], contentType, nothing))).toEqual({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      field: 'content-type',
    });
  });

  it('is refused for JSON in another charset, because its bytes would be read wrongly', () => {
    expect(codeAndField(() => structured(event, 'application/cloudevents+json; charset=iso-8859-1'))).toEqual({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      field: 'content-type',
    });
  });

  it('is structured even when ce- headers say otherwise, because the payload has all attributes (section 3.2.3)', () => {
    const headers = { ...minimal, 'ce-id': 'header', 'content-type': 'application/cloudevents+json' };
    expect(single({ headers, body: Buffer.from(JSON.stringify(event)) }).id).toBe('1');
  });
});

describe('an event read in binary mode', () => {
  it('has its attributes from the ce- headers, its content type from Content-Type and its data from the body', () => {
    const body = Buffer.from('{"a":1}');
    expect(
      binary(
        { 'CE-Subject': 's', 'Ce-Time': '2018-04-05T03:56:24Z', 'ce-someext': '5', 'content-type': 'application/json' },
        body,
      ),
    ).toEqual({
      specversion: '1.0',
      id: '1',
      source: '/s',
      type: 't',
      subject: 's',
      time: '2018-04-05T03:56:24Z',
      datacontenttype: 'application/json',
      extensions: { someext: '5' },
      data: { bytes: body },
    });
  });

  it('has no data when the body is empty, and no content type when the header is missing or empty', () => {
    expect(binary({})).toEqual({ specversion: '1.0', id: '1', source: '/s', type: 't', extensions: {} });
    expect(binary({ 'content-type': '' })).not.toHaveProperty('datacontenttype');
  });

  it('is told how to send one when no header begins with ce-', () => {
    const refusal = refusalOf(() =>
      readRequest(['Host', 'x', 'c-id', '1', 'certainly', 'not'], 'application/json', Buffer.from('{}')),
    );
    expect({ code: refusal.code, field: refusal.details.field }).toEqual({ code: 'MISSING_ATTRIBUTE', field: 'specversion' });
    expect(refusal.message).toContain('ce-');
  });

  it.each(['specversion', 'id', 'source', 'type'])('is refused without ce-%s', (name) => {
    const headers = Object.entries(minimal).filter(([key]) => key !== `ce-${name}`);
    expect(codeAndField(() => readRequest(headers.flat(), undefined, nothing))).toEqual({
      code: 'MISSING_ATTRIBUTE',
      field: name,
    });
  });

  it.each(['ce-id', 'Ce-Id', 'CE-SOMEEXTENSION'])('is refused when %s is given twice, even with equal values', (header) => {
    const headers = [...Object.entries(minimal).flat(), 'ce-someextension', '1', header, '1'];
    expect(codeAndField(() => readRequest(headers, undefined, nothing))).toEqual({
      code: 'DUPLICATE_ATTRIBUTE',
      field: header.slice(3).toLowerCase(),
    });
  });

  it('is refused with a ce-datacontenttype header, which must not be there (section 3.1.1)', () => {
    expect(refused({ 'ce-datacontenttype': 'application/json' })).toEqual({
      code: 'INVALID_ATTRIBUTE',
      field: 'datacontenttype',
    });
  });

  it.each(['ce-', 'ce-under_score', 'ce-da-sh', 'ce-data', 'ce-data_base64', 'ce-__proto__'])(
    'is refused with a header named %s',
    (header) => {
      expect(refused({ [header]: 'x' })).toEqual({ code: 'INVALID_ATTRIBUTE', field: header.slice(3) });
    },
  );

  it('is refused with names of 64 characters at most in the answer', () => {
    const name = 'x'.repeat(10_000);
    for (const headers of [
      [`ce-${name}`, 'é'],
      [`ce-${name}`, '1', `ce-${name}`, '1'],
    ]) {
      const refusal = refusalOf(() => readRequest(headers, undefined, nothing));
      expect(refusal.message.length).toBeLessThan(250);
      expect(refusal.details.field).toHaveLength(64);
    }
  });

  it('ignores a header name without a value at the end of the list', () => {
    expect(readRequest([...Object.entries(minimal).flat(), 'ce-id'], undefined, nothing).mode).toBe('binary');
  });
});

describe('a header value (section 3.1.3.2)', () => {
  it.each([
    ['Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € \u{1f600}'],
    ['%e2%82%ac', '€'],
    ['Euro%20%e2%82%AC', 'Euro €'],
    ['%41%42', 'AB'],
    ['%2541', '%41'],
    ['a b', 'a b'],
    ['"quoted"', 'quoted'],
    ['"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'],
    ['"%E2%82%AC"', '€'],
    ['"%22"', '"'],
    ['""', ''],
    ['inner "quotes" stay', 'inner "quotes" stay'],
    ['100%', '100%'],
    ['%zz', '%zz'],
    ['%2', '%2'],
    ['back\\slash', 'back\\slash'],
  ])('%s is read as %s', (header, value) => {
    expect(binary({ 'ce-someext': header }).extensions.someext).toBe(value);
  });

  it.each([
    ['bytes that are no UTF-8', '%FF'],
    ['an overlong space', '%C0%A0'],
    ['half a character', '%E2%82'],
    ['a surrogate in UTF-8', '%ED%A0%80'],
    ['a line feed', '%0A'],
    ['NUL', '%00'],
    ['DEL', '%7F'],
    ['a C1 control', '%C2%85'],
    ['a noncharacter', '%EF%BF%BF'],
    ['a raw letter outside of ASCII', 'é'],
    ['a raw control character', 'a\u0001b'],
    ['a raw tabulator', 'a\tb'],
    ['a quotation mark that is never closed', '"a'],
    ['text after the closing quotation mark', '"a"b'],
    ['an escape at its end', '"a\\"'],
  ])('is refused with %s', (_, header) => {
    expect(refused({ 'ce-someext': header })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'someext' });
  });

  it('is refused when a core attribute is empty once it is decoded', () => {
    expect(refused({ 'ce-id': '""' })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'id' });
  });

  it('may be encoded more than it must be, every character of it', () => {
    fc.assert(
      fc.property(texts({ minLength: 1 }), (text) => {
        const encoded = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        expect(binary({ 'ce-someext': encoded }).extensions.someext).toBe(text);
      }),
    );
  });

  it('may be quoted as older versions of the text had it', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\x20-\x24\x26-\x7e]*$/), (text) => {
        const quoted = `"${text.replace(/["\\]/g, '\\$&')}"`;
        expect(binary({ 'ce-someext': quoted }).extensions.someext).toBe(text);
      }),
    );
  });

  it('is judged in time that grows with its length', () => {
    const started = performance.now();
    for (const part of ['"', '\\', '%', '"\\', '%4', ' "']) {
      try {
        binary({ 'ce-someext': `"${part.repeat(8000)}` });
      } catch {
        // Valid or not: only the time counts here.
      }
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('an event read in structured mode', () => {
  const text = (members: string) => `{"specversion":"1.0","id":"1","source":"/s","type":"t"${members}}`;
  const read = (body: string) => single({ headers: { 'content-type': 'application/cloudevents+json' }, body: Buffer.from(body) });

  it.each([
    ['id', ',"id":"2"'],
    ['source', ',"\\u0073ource":"/other"'],
    ['someextension', ',"someextension":1,"someextension":1'],
    ['data', ',"data":1,"data":2'],
  ])('is refused when %s is given twice, because a reader before this one may have judged the other', (field, members) => {
    expect(codeAndField(() => read(text(members)))).toEqual({ code: 'DUPLICATE_ATTRIBUTE', field });
  });

  it('may have names in its data that are those of attributes, or that are given twice', () => {
    expect(read(text(',"data":{"id":1,"id":2}')).data).toEqual({ json: { id: 2 } });
  });

  it('is refused when the body is not JSON', () => {
    expect(codeAndField(() => read('{'))).toEqual({ code: 'INVALID_JSON', field: 'body' });
  });
});

describe('a batch', () => {
  const events = [1, 2, 3].map((id) => ({ specversion: '1.0', id: String(id), source: '/s', type: 't' }));
  const read = (text: string) => {
    const received = receive({ headers: { 'content-type': 'application/cloudevents-batch+json' }, body: Buffer.from(text) });
    if (received.mode !== 'batch') throw new Error('A batch was expected');
    return received.events;
  };

  it('is its events in their order', () => {
    expect(read(JSON.stringify(events)).map((event) => (event instanceof CodedError ? event.code : event.id))).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('may be empty', () => {
    expect(read('[]')).toEqual([]);
  });

  it('has a refusal in the place of each broken event, and the others stand', () => {
    const mixed = read(
      JSON.stringify([events[0], { ...events[1], id: 5 }, null, { ...events[2], specversion: '0.3' }, events[2]]),
    );
    expect(mixed.map((event) => (event instanceof CodedError ? event.code : event.id))).toEqual([
      '1',
      'INVALID_ATTRIBUTE',
      'INVALID_ENVELOPE',
      'UNSUPPORTED_SPECVERSION',
      '3',
    ]);
  });

  it('has a refusal in the place of an event that gives a name twice', () => {
    const [one, two] = read(`[${JSON.stringify(events[0])},{"specversion":"1.0","id":"1","id":"2","source":"/s","type":"t"}]`);
    expect(one).toMatchObject({ id: '1' });
    expect(two).toMatchObject({ code: 'DUPLICATE_ATTRIBUTE', details: { field: 'id' } });
  });

  it.each(['{}', 'null', '"[]"', '1'])('is refused as a whole when it is %s, no array', (text) => {
    expect(codeAndField(() => read(text))).toEqual({ code: 'INVALID_ENVELOPE', field: 'body' });
  });

  it('is refused as a whole when it is not JSON', () => {
    expect(codeAndField(() => read('[{]'))).toEqual({ code: 'INVALID_JSON', field: 'body' });
  });

  it('is refused as a whole beyond 1000 events, so that one small body cannot ask for millions of answers', () => {
    expect(read(`[${'0,'.repeat(999)}0]`)).toHaveLength(1000);
    expect(codeAndField(() => read(`[${'0,'.repeat(1000)}0]`))).toEqual({ code: 'BODY_TOO_LARGE', field: 'body' });
  });
});
