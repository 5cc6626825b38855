import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cloudEvent, type AttributeValue, type EventData } from '../../../src/core/cloudevent.ts';
import { isId } from '../../../src/core/function.ts';
import { functionOf, letterIdOf, rawLetterIdOf, summaryOf } from '../../../src/core/letter.ts';
import { cloudEvents } from './arbitraries.ts';
import { letters, rawMessages } from './letters.ts';

const eventWith = (attributes: Record<string, AttributeValue>, data?: EventData) =>
  cloudEvent(Object.entries({ specversion: '1.0', id: '1', source: 'test-cli', type: 't', ...attributes }), data);

describe('the id of a letter', () => {
  it('is the same for the same event and destination, so the same failure is one letter', () => {
    expect(letterIdOf({ source: '/s', id: '1' }, 'http://a')).toBe(letterIdOf({ source: '/s', id: '1' }, 'http://a'));
  });

  it('differs when source, id, destination, or a border between them differs', () => {
    const all = [
      letterIdOf({ source: '/s', id: '1' }, 'a'),
      letterIdOf({ source: '/s', id: '1' }, 'b'),
      letterIdOf({ source: '/s', id: '2' }, 'a'),
      letterIdOf({ source: '/s1', id: '' }, 'a'),
      letterIdOf({ source: '/s', id: '1a' }, ''),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('of bytes that are no event is derived from all that came, in whatever order its headers are listed', () => {
    fc.assert(
      fc.property(rawMessages, (raw) => {
        const reordered = Object.fromEntries(Object.entries(raw.headers).reverse());
        expect(rawLetterIdOf({ ...raw, headers: reordered })).toBe(rawLetterIdOf(raw));
        expect(rawLetterIdOf({ ...raw, bytes: Buffer.concat([raw.bytes, Buffer.from([0])]) })).not.toBe(rawLetterIdOf(raw));
        expect(rawLetterIdOf({ ...raw, headers: { ...raw.headers, another: 'x' } })).not.toBe(rawLetterIdOf(raw));
      }),
    );
  });

  it('of bytes differs from that of bytes with a content type', () => {
    const raw = { bytes: Buffer.from('x'), headers: {} };
    expect(rawLetterIdOf({ ...raw, contentType: 'text/plain' })).not.toBe(rawLetterIdOf(raw));
  });
});

describe('the function that a letter is about', () => {
  it.each([
    ['source and subject', eventWith({ source: 'network.notifi.acme', subject: 'p' }), { tenant: 'acme', function: 'p' }],
    ['the source alone', eventWith({ source: 'network.notifi.acme' }), { tenant: 'acme' }],
    ['a source whose subject is no id', eventWith({ source: 'network.notifi.acme', subject: '../p' }), { tenant: 'acme' }],
    ['its data', eventWith({}, { json: { third_party_id: 'acme', parser_id: 'p' } }), { tenant: 'acme', function: 'p' }],
    ['its data as bytes', eventWith({}, { bytes: Buffer.from('{"third_party_id":"acme"}') }), { tenant: 'acme' }],
    ['nothing', eventWith({}), {}],
    ['data that is no object', eventWith({}, { json: 'acme' }), {}],
    ['data that is null', eventWith({}, { json: null }), {}],
    ['bytes that are no JSON', eventWith({}, { bytes: Buffer.from('{broken') }), {}],
    ['bytes that are no object', eventWith({}, { bytes: Buffer.from('["third_party_id"]') }), {}],
    ['bytes that are no text', eventWith({}, { bytes: Buffer.from([0x7b, 0xff, 0x7d]) }), {}],
    ['names that are no ids', eventWith({}, { json: { third_party_id: '../x', parser_id: 5 } }), {}],
    ['more data than is searched', eventWith({}, { bytes: Buffer.from(`{"third_party_id":"acme"${' '.repeat(70_000)}}`) }), {}],
  ])('is told by %s', (_, event, expected) => {
    expect(functionOf(event)).toEqual(expected);
  });

  it('is always one by ids, whatever the event is, because it becomes a filter and a label', () => {
    fc.assert(fc.property(cloudEvents, (event) => Object.values(functionOf(event)).every(isId)));
  });
});

describe('the summary of a letter', () => {
  it('tells everything but its content and its way, so that a list stays small', () => {
    fc.assert(
      fc.property(letters, (letter) => {
        const summary = summaryOf(letter);
        const { event } = letter;
        const left = ['event', 'raw', 'history', 'deferrals'];
        const facts = Object.fromEntries(Object.entries(letter).filter(([name]) => !left.includes(name)));
        expect(summary).toEqual({
          ...facts,
          ...(event === undefined
            ? {}
            : { ...functionOf(event), type: event.type, eventSource: event.source, eventId: event.id }),
        });
      }),
    );
  });
});
