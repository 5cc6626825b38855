import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  defaultSourceKey,
  eventSourceOf,
  fn10,
  imageName,
  isId,
  labelValue,
  pendingKey,
  pendingPrefix,
  serviceName,
  slug,
  tenantOfSource,
  type FunctionRef,
} from '../../../src/core/function.ts';
import { hex, ids, refs, texts } from './arbitraries.ts';

const dnsLabel = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/;

/** RFC 4648, section 7, digit by digit, for comparison. */
const base32hex = (bytes: Buffer): string => {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  return Array.from(bits.match(/.{5}/g) ?? [], (digit) => '0123456789abcdefghijklmnopqrstuv'.charAt(parseInt(digit, 2))).join('');
};

describe('an id', () => {
  it.each(['a', 'A', '7', 'parser-123', 'under_score', 'x'.repeat(100)])('may be %s', (id) => {
    expect(isId(id)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['101 characters', 'x'.repeat(101)],
    ['a first hyphen, which a command would take for an option', '-rf'],
    ['a first underscore', '_a'],
    ['a path that climbs', '../etc'],
    ['a slash', 'a/b'],
    ['a dot', 'a.b'],
    ['a shell substitution', '$(id)'],
    ['a semicolon', 'a;b'],
    ['a space', 'a b'],
    ['a line feed at the end', 'a\n'],
    ['NUL', 'a\0'],
    ['a letter that is no ASCII', 'é'],
    ['a full-width letter', 'ａ'],
    ['a percent escape', 'a%2f'],
  ])('may not be one with %s', (_, id) => {
    expect(isId(id)).toBe(false);
  });
});

describe('the event source of a tenant', () => {
  it('names the tenant, and gives the name back', () => {
    fc.assert(fc.property(refs, (ref) => tenantOfSource(eventSourceOf(ref)) === ref.tenant));
  });

  it.each([
    'test-cli',
    'network.notifi.',
    'network.notifi.a.b',
    'network.notifi.a/b',
    'network.notifi.lambda/builder',
    'NETWORK.NOTIFI.a',
    'xnetwork.notifi.a',
    'network.notifi.-a',
  ])('is not "%s", so the data of such an event must name the tenant', (source) => {
    expect(tenantOfSource(source)).toBeUndefined();
  });
});

describe('a slug', () => {
  it.each([
    ['Parser_123', 'parser-123'],
    ['__a__', 'a'],
    ['-a-b-', 'a-b'],
    ['a.b/c', 'abc'],
    ['Ünïcode', 'ncode'],
    ['___', ''],
  ])('of %s is %s', (value, expected) => {
    expect(slug(value)).toBe(expected);
  });

  it('is a DNS label or nothing, whatever it is made from, so it can stand in any name', () => {
    fc.assert(
      fc.property(fc.oneof(texts({ maxLength: 80 }), fc.string()), (value) => {
        const made = slug(value);
        if (made !== '') expect(made).toMatch(dnsLabel);
        expect(slug(made)).toBe(made);
      }),
    );
  });
});

describe('the ten characters that stand for a function', () => {
  it('are the first of base32hex over the hash of both ids, so that other programs can derive them too', () => {
    fc.assert(
      fc.property(refs, (ref) => {
        const digest = createHash('sha256').update(`${ref.tenant}\0${ref.function}`).digest();
        expect(fn10(ref)).toBe(base32hex(digest).slice(0, 10));
      }),
    );
  });

  it('keep a leading zero', () => {
    const ref = {
      tenant: 'tenant',
      function: `f${Array.from({ length: 200 }).findIndex((_, i) => fn10({ tenant: 'tenant', function: `f${i}` }).startsWith('0'))}`,
    };
    expect(fn10(ref)).toMatch(/^0[0-9a-v]{9}$/);
  });

  it('differ where only the border between the ids differs', () => {
    expect(fn10({ tenant: 'ab', function: 'c' })).not.toBe(fn10({ tenant: 'a', function: 'bc' }));
  });
});

describe('the name of a service', () => {
  it('is a DNS label of at most 54 characters, whatever the ids are', () => {
    fc.assert(
      fc.property(refs, (ref) => {
        const name = serviceName(ref);
        expect(name.length).toBeLessThanOrEqual(54);
        expect(name).toMatch(dnsLabel);
        expect(name.startsWith(`fn-${fn10(ref)}-`)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('differs for different functions, also where case, underscores or a cut make their slugs equal', () => {
    const similar: FunctionRef[] = [
      { tenant: 't', function: 'Parser' },
      { tenant: 't', function: 'parser' },
      { tenant: 't', function: 'parse_r' },
      { tenant: 't', function: 'parse-r' },
      { tenant: 'T', function: 'parser' },
      { tenant: 't', function: `${'x'.repeat(60)}1` },
      { tenant: 't', function: `${'x'.repeat(60)}2` },
    ];
    expect(new Set(similar.map(serviceName)).size).toBe(similar.length);
    fc.assert(
      fc.property(refs, refs, (one, other) => {
        fc.pre(one.tenant !== other.tenant || one.function !== other.function);
        expect(serviceName(one)).not.toBe(serviceName(other));
      }),
      { numRuns: 1000 },
    );
  });

  it('ends with no hyphen where the cut falls on one', () => {
    expect(serviceName({ tenant: 't', function: `${'x'.repeat(39)}-y` })).toMatch(/^fn-[0-9a-v]{10}-x{39}$/);
  });

  it('is the ten characters alone where nothing of the function is left', () => {
    expect(serviceName({ tenant: 't', function: '___' })).toBe(`fn-${fn10({ tenant: 't', function: '___' })}`);
  });
});

describe('the image of a build', () => {
  it('has a tag that registries take, unique for function and build key', () => {
    fc.assert(
      fc.property(refs, hex(64), (ref, key) => {
        const [repository, tag = ''] = imageName('registry.local:5000', 'lambda/functions', ref, key).split(/:(?=[^/]*$)/);
        expect(repository).toBe('registry.local:5000/lambda/functions');
        expect(tag).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
        expect(tag).toBe(`${fn10(ref)}-${key.slice(0, 12)}`);
      }),
    );
  });

  it('is another one for another key', () => {
    const ref = { tenant: 't', function: 'f' };
    expect(imageName('r', 'p', ref, 'a'.repeat(64))).not.toBe(imageName('r', 'p', ref, 'b'.repeat(64)));
  });
});

describe('the key of a waiting event', () => {
  const ref = { tenant: 't', function: 'f' };

  it('is a plain path below the folder of its function, however hostile source and id are', () => {
    fc.assert(
      fc.property(refs, fc.string(), fc.string(), (anyRef, source, id) => {
        expect(pendingKey(anyRef, { source, id })).toMatch(/^pending\/[0-9a-v]{10}\/[0-9a-f]{32}\.json$/);
        expect(pendingKey(anyRef, { source, id }).startsWith(pendingPrefix(anyRef))).toBe(true);
      }),
    );
  });

  it('is the same for the same event sent again, so it waits once', () => {
    expect(pendingKey(ref, { source: '/s', id: '1' })).toBe(pendingKey(ref, { source: '/s', id: '1' }));
  });

  it('differs when source, id, or the border between them differs, so no event replaces another', () => {
    const keys = [
      { source: '/s', id: '1' },
      { source: '/s', id: '2' },
      { source: '/s1', id: '' },
      { source: '/', id: 's1' },
    ].map((event) => pendingKey(ref, event));
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe('a source key', () => {
  it('is the shared parser folder where the event names none', () => {
    expect(defaultSourceKey({ tenant: 't', function: 'parser-123' })).toBe('global/parser/parser-123');
  });
});

describe('a label value', () => {
  it('keeps to the rules of Kubernetes, whatever it is made from', () => {
    fc.assert(
      fc.property(fc.oneof(ids, texts({ maxLength: 200 }), hex(64)), (value) => {
        expect(labelValue(value)).toMatch(/^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/);
      }),
      { numRuns: 500 },
    );
  });

  it('ends with no hyphen where the cut falls on one', () => {
    expect(labelValue(`${'x'.repeat(62)}-y`)).toBe('x'.repeat(62));
  });
});
