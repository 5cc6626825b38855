import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { repeatedNames } from '../../../src/core/repeated-names.ts';
import { jsonValues } from './arbitraries.ts';

const repeated = (text: string, depth: 1 | 2) => [...repeatedNames(Buffer.from(text), depth)];

/** Any key that cannot be an array's index, so that an object keeps the order in which it was written. */
const names = fc.string({ unit: 'grapheme' }).filter((name) => !/^\d+$/.test(name) && name !== '__proto__');
const members = fc.array(fc.tuple(names, jsonValues), { maxLength: 6 });
const written = (entries: [string, unknown][], space: string) =>
  `{${entries.map(([name, value]) => `${space}${JSON.stringify(name)}${space}:${space}${JSON.stringify(value)}${space}`).join(',')}}`;

describe('a name that an object gives twice', () => {
  it.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"b":{"c":1},"a":1}', 'a'],
    ['{"id":"1","\\u0069d":"2"}', 'id'],
    [' { "a" : [ { } ] , "a" : "}" } ', 'a'],
    ['{"\\"":1,"\\"":2}', '"'],
    ['{"é":1,"é":2}', 'é'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('is found in %s', (text, name) => {
    expect(repeated(text, 1)).toEqual([[0, name]]);
  });

  it.each([
    '{}',
    '[]',
    '1',
    '"{\\"a\\":1,\\"a\\":2}"',
    '{"a":1,"A":2}',
    '{"a":{"a":{"a":1}}}',
    '{"a":"a","b":"a"}',
    '{"data":{"a":1,"a":2}}',
    '{"a":"\\\\","b":"\\\\\\"","c":":,{}[]"}',
    '[{"a":1},{"a":2}]',
  ])('is not in %s, at that depth', (text) => {
    expect(repeated(text, 1)).toEqual([]);
  });

  it('is found in the element of an array that has it, and in no other', () => {
    expect(repeated('[{"a":1,"a":2},5,[],{"a":1},"x,y",{"b":1,"c":{"d":1},"b":2}]', 2)).toEqual([
      [0, 'a'],
      [5, 'b'],
    ]);
  });

  it('is found exactly when JSON.parse would drop a member, however the text is spaced', () => {
    fc.assert(
      fc.property(members, fc.constantFrom('', ' ', '\n\t'), (entries, space) => {
        const text = written(entries, space);
        const dropped = entries.length !== Object.keys(JSON.parse(text) as object).length;
        expect(repeated(text, 1).length > 0).toBe(dropped);
        expect(repeated(`[0,${text}]`, 2).length > 0).toBe(dropped);
      }),
      { numRuns: 500 },
    );
  });

  it('is looked for to the end and no further, even in a text that is cut off', () => {
    fc.assert(
      fc.property(members, fc.nat(), (entries, at) => {
        const text = Buffer.from(written(entries, ' '));
        expect(repeatedNames(text.subarray(0, at % (text.length + 1)), 1).size).toBeLessThanOrEqual(1);
      }),
    );
  });
});
