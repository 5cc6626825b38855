import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesOf } from '../../../src/core/event-data.ts';
import { fromJsonFormat, toJsonFormat, toReadableJson } from '../../../src/core/json-format.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { cloudEvents, jsonTypes, otherTypes } from './arbitraries.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const minimal = { specversion: '1.0', id: '1', source: '/s', type: 't' };
const parse = (extra: object) => fromJsonFormat(JSON.parse(JSON.stringify({ ...minimal, ...extra })));
const refused = (extra: object) => codeAndField(() => parse(extra));
const base64 = (bytes: string | Buffer) => Buffer.from(bytes).toString('base64');

describe('an event read from JSON', () => {
  it.each([
    ['nothing', undefined],
    ['null', null],
    ['an array', [minimal]],
    ['a text', '{}'],
    ['a number', 1],
    ['a boolean', true],
  ])('must be an object, so %s is refused', (_, value) => {
    expect(codeAndField(() => fromJsonFormat(value))).toEqual({ code: 'INVALID_ENVELOPE', field: 'event' });
  });

  it('is an event or a coded refusal, whatever the JSON is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue(),
          fc.jsonValue().map((value) => ({ ...minimal, ...(value as object) })),
        ),
        (value) => {
          try {
            expect(fromJsonFormat(value).specversion).toBe('1.0');
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(CodedError);
            expect((thrown as CodedError).retryable).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes a null attribute as one that is not set (section 2.2), so a null id is a missing one', () => {
    expect(parse({ subject: null, someextension: null })).toEqual({ ...minimal, extensions: {} });
    expect(refused({ id: null })).toEqual({ code: 'MISSING_ATTRIBUTE', field: 'id' });
  });

  it.each([[{}], [[]], [['a']], [{ a: 1 }]])('refuses %j as an attribute, because the type system has no such type', (value) => {
    expect(refused({ someextension: value })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'someextension' });
    expect(refused({ id: value })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'id' });
  });

  it('keeps texts, integers and booleans of extensions as they are', () => {
    expect(parse({ a: 'x', b: 5, c: false }).extensions).toEqual({ a: 'x', b: 5, c: false });
  });

  it.each(['__proto__', 'toString', 'Id', 'data_content'])(
    'refuses a member named %s, because no attribute can have that name',
    (name) => {
      const text = `{"specversion":"1.0","id":"1","source":"/s","type":"t","${name}":"x"}`;
      expect(codeAndField(() => fromJsonFormat(JSON.parse(text)))).toEqual({ code: 'INVALID_ATTRIBUTE', field: name });
      expect(({} as Record<string, unknown>).x).toBeUndefined();
    },
  );

  it('is named in a refusal by 64 characters at most, so that a sender gets no flood of its own back', () => {
    const refusal = refusalOf(() => parse({ ['x'.repeat(100_000)]: [] }));
    expect(refusal.message.length).toBeLessThan(200);
    expect(refusal.details.field).toHaveLength(64);
  });
});

describe('the data of an event read from JSON', () => {
  it.each([false, true, 0, -1.5, '', 'text', null, [], [0], {}, { a: null }])(
    'survives as %j, which is not the same as no data',
    (data) => {
      expect(parse({ data }).data).toEqual({ json: data });
      expect(parse({ data, datacontenttype: 'application/json' }).data).toEqual({ json: data });
    },
  );

  it('is none when neither member is there, or data_base64 is null', () => {
    expect(parse({})).not.toHaveProperty('data');
    expect(parse({ data_base64: null })).not.toHaveProperty('data');
    expect(parse({ data_base64: null, data: 1 }).data).toEqual({ json: 1 });
  });

  it('is a text that stays a text when it looks like JSON (section 3.1.2)', () => {
    expect(parse({ data: '{"a":1}', datacontenttype: 'application/json' }).data).toEqual({ json: '{"a":1}' });
  });

  it('is bytes when it comes as data_base64, whatever its type', () => {
    const bytes = Buffer.from([0, 1, 254, 255]);
    expect(parse({ data_base64: base64(bytes) }).data).toEqual({ bytes });
    expect(parse({ data_base64: '', datacontenttype: 'image/png' }).data).toEqual({ bytes: Buffer.alloc(0) });
  });

  it.each([
    [5],
    [true],
    [['AA==']],
    ['A'],
    ['AA'],
    ['AA='],
    ['A=A='],
    ['===='],
    ['AA==AA=='],
    ['A A='],
    ['AAAA\n'],
    ['_-8='],
    ['AAé='],
    ['AB=='],
  ])('is refused when data_base64 is %j, because RFC 4648 (section 4) would not write it so', (data_base64) => {
    expect(refused({ data_base64 })).toEqual({ code: 'INVALID_ENVELOPE', field: 'data_base64' });
  });

  it('may be ten mebibytes of base64, and is refused for one wrong character at their end', () => {
    const bytes = Buffer.alloc(10 * 2 ** 20, 7);
    const encoded = bytes.toString('base64');
    const { data } = parse({ data_base64: encoded });
    expect(data !== undefined && 'bytes' in data && data.bytes.equals(bytes)).toBe(true);
    expect(refused({ data_base64: `${encoded.slice(0, -1)}*` })).toEqual({ code: 'INVALID_ENVELOPE', field: 'data_base64' });
  });

  it('is refused when both members are there, because nobody could say which one counts', () => {
    expect(refused({ data: {}, data_base64: 'AA==' })).toEqual({ code: 'INVALID_ENVELOPE', field: 'data_base64' });
    expect(refused({ data: null, data_base64: '' })).toEqual({ code: 'INVALID_ENVELOPE', field: 'data_base64' });
  });

  it.each([[{ a: 1 }], [[]], [5], [false], [null]])(
    'is refused as %j when it is declared as a text, because a text is a JSON string (section 3.1.1)',
    (data) => {
      expect(refused({ data, datacontenttype: 'text/plain' })).toEqual({ code: 'INVALID_ENVELOPE', field: 'data' });
    },
  );

  it('is refused as a text with a lone surrogate, which no charset can write', () => {
    const event = { ...minimal, datacontenttype: 'text/plain', data: 'a\ud800' };
    expect(codeAndField(() => fromJsonFormat(event))).toEqual({ code: 'INVALID_ENVELOPE', field: 'data' });
  });

  it('is refused as a text in a charset that is not written here, because its bytes would be wrong at the next hop', () => {
    expect(refused({ data: 'é', datacontenttype: 'text/plain; charset=iso-8859-1' })).toEqual({
      code: 'INVALID_ENVELOPE',
      field: 'data',
    });
    expect(parse({ data: 'é', datacontenttype: 'text/plain; charset=UTF-8' }).data).toEqual({ json: 'é' });
  });
});

describe('an event written as JSON', () => {
  it('is the same event when it is read again, whatever its text, type and data are', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => {
        const again = fromJsonFormat(JSON.parse(JSON.stringify(toJsonFormat(event))));
        expect({ ...again, data: bytesOf(again) }).toEqual({ ...event, data: bytesOf(event) });
      }),
      { numRuns: 1000 },
    );
  });

  it('is written the same after it was read, so a stored event does not change by being kept', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => {
        const written = JSON.stringify(toJsonFormat(event));
        expect(JSON.stringify(toJsonFormat(fromJsonFormat(JSON.parse(written))))).toBe(written);
      }),
    );
  });

  it('has no data member when it has no data', () => {
    expect(toJsonFormat(parse({}))).toEqual(minimal);
  });

  const written = (bytes: Buffer, datacontenttype?: string) => {
    const { data, data_base64 } = toJsonFormat({
      ...parse({}),
      ...(datacontenttype === undefined ? {} : { datacontenttype }),
      data: { bytes },
    });
    return { data, data_base64 };
  };

  it('has JSON bytes as a JSON value, so that a reader need not decode them twice', () => {
    expect(written(Buffer.from('{"a":[1,null]}'), 'application/json')).toEqual({ data: { a: [1, null] } });
    expect(written(Buffer.from('"text"'), 'text/json')).toEqual({ data: 'text' });
    expect(written(Buffer.from('false'))).toEqual({ data: false });
  });

  it.each(['10000000000000001', '1e400', '-0', '{"a":1,"a":2}', '{"2":0,"1":0}', '{"a": 1}', '{', '', '\ufeff1'])(
    'has the JSON bytes %j in base64, because as a value they would come out as others',
    (text) => {
      expect(written(Buffer.from(text), 'application/json')).toEqual({ data_base64: base64(text) });
    },
  );

  it('has bytes that are not UTF-8 in base64, even where a replacement character would make them JSON or text', () => {
    const bytes = Buffer.from([0x22, 0xff, 0x22]);
    expect(written(bytes, 'application/json')).toEqual({ data_base64: base64(bytes) });
    expect(written(bytes, 'text/plain')).toEqual({ data_base64: base64(bytes) });
  });

  it('has text as a string, and every other type in base64', () => {
    expect(written(Buffer.from('é\n'), 'text/plain')).toEqual({ data: 'é\n' });
    expect(written(Buffer.from('é\n'), 'TEXT/CSV')).toEqual({ data: 'é\n' });
    expect(written(Buffer.from('<a/>'), 'application/xml')).toEqual({ data_base64: base64('<a/>') });
  });

  it('has text of a charset other than UTF-8 in base64, because a reader would take the string for that charset', () => {
    expect(written(Buffer.from('a'), 'text/plain; charset=utf-16')).toEqual({ data_base64: base64('a') });
  });

  it('never has both data members', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(undefined, ...jsonTypes, ...otherTypes), (bytes, type) => {
        const { data, data_base64 } = written(Buffer.from(bytes), type);
        expect([data, data_base64]).toContain(undefined);
      }),
    );
  });
});

describe('an event for people to read', () => {
  const shown = (text: string, datacontenttype = 'application/json') =>
    toReadableJson({ ...parse({}), datacontenttype, data: { bytes: Buffer.from(text) } });

  it.each(['{"mean":15.0}', ' {"mean": 15}\n', '{"mean":15}'])('shows %j as the JSON that it says', (text) => {
    expect(shown(text)).toEqual({ ...minimal, datacontenttype: 'application/json', data: { mean: 15 } });
  });

  it.each([
    ['{', 'application/json'],
    ['<a/>', 'application/xml'],
  ])('shows %j of type %s as it is written otherwise', (text, type) => {
    expect(shown(text, type)).toEqual({ ...minimal, datacontenttype: type, data_base64: base64(text) });
  });

  it('is without data where there is none', () => {
    expect(toReadableJson(parse({}))).toEqual(minimal);
  });
});
