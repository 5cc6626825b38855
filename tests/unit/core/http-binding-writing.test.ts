import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesOf, type CloudEvent } from '../../../src/core/cloudevent.ts';
import { bytesOf } from '../../../src/core/event-data.ts';
import { writeEvent, writeStructured } from '../../../src/core/http-binding.ts';
import { cloudEvents } from './arbitraries.ts';
import { binary, minimal, nothing, single, structured } from './messages.ts';
import { refusalOf } from './refusal.ts';

describe('an event written for any reader', () => {
  /** Binary mode has canonical strings, says that implied JSON is JSON, and knows no difference between empty data and none. */
  const canonical = (event: CloudEvent) => {
    const bytes = bytesOf(event);
    const implied: [string, string][] =
      bytes === undefined || event.datacontenttype !== undefined ? [] : [['datacontenttype', 'application/json']];
    const named = attributesOf(event).map(([name, value]): [string, string] => [name, String(value)]);
    return { attributes: new Map([...named, ...implied]), bytes: bytes?.toString('latin1') ?? '' };
  };

  it('is the same event when it is read again, whatever its text, type and data are', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => expect(canonical(single(writeEvent(event)))).toEqual(canonical(event))),
      { numRuns: 1000 },
    );
  });

  it('has headers of printable ASCII without spaces and quotation marks, so that no proxy changes or cuts them', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => {
        for (const [name, value] of Object.entries(writeEvent(event).headers)) {
          if (name !== 'content-type') expect(`${name}${value}`).toMatch(/^[\x21\x23-\x7e]+$/);
        }
      }),
    );
  });

  it('is encoded as the example of the text, in upper case', () => {
    expect(writeEvent(binary({ 'ce-subject': 'Euro%20%e2%82%ac%20%f0%9f%98%80' })).headers['ce-subject']).toBe(
      'Euro%20%E2%82%AC%20%F0%9F%98%80',
    );
  });

  it('says that its data is JSON when that was only implied (JSON format, section 3.1.2)', () => {
    expect(writeEvent(structured({ specversion: '1.0', id: '1', source: '/s', type: 't', data: "I'm just a string" }))).toEqual({
      headers: { ...minimal, 'content-type': 'application/json' },
      body: Buffer.from('"I\'m just a string"'),
    });
  });

  it('has no content type and no body when it has neither', () => {
    expect(writeEvent(binary({}))).toEqual({ headers: minimal, body: nothing });
  });

  it.each([
    ['long', { subject: 'x'.repeat(8_000), ce: 'y'.repeat(200) }],
    ['many', Object.fromEntries(Array.from({ length: 300 }, (_, at) => [`extension${at}`, 'a value of some length']))],
    ['percent-encoded', { subject: '🌱'.repeat(700) }],
  ])('is structured instead when its attributes are too %s for the headers that readers take', (_, attributes) => {
    const event = structured({ specversion: '1.0', id: '1', source: '/s', type: 't', ...attributes, data: { a: 1 } });
    const written = writeEvent(event);
    expect(written.headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
    expect(canonical(single(written))).toEqual(canonical(event));
  });

  it('stays binary as long as its headers fit', () => {
    const event = structured({ specversion: '1.0', id: '1', source: '/s', type: 't', subject: 'x'.repeat(8_000), data: 1 });
    expect(writeEvent(event).headers).toMatchObject({ 'ce-subject': 'x'.repeat(8_000) });
  });

  it('is refused when an extension has a name that is no header name, because the rest would become headers of their own', () => {
    const forged = { ...binary({}), extensions: { 'x: 1\r\nhost': 'y' } };
    expect(refusalOf(() => writeEvent(forged)).code).toBe('INVALID_ATTRIBUTE');
  });

  it.each(['application/cloudevents+json', 'Application/CloudEvents-batch+json; charset=utf-8', 'application/cloudevents+avro'])(
    'is structured instead when its data is of type %s, because a reader would take the data for the event',
    (datacontenttype) => {
      const inner = { specversion: '1.0', id: 'inner', source: 'network.notifi.other', type: 'forged' };
      const event = structured({
        specversion: '1.0',
        id: 'outer',
        source: '/s',
        type: 't',
        datacontenttype,
        data_base64: Buffer.from(JSON.stringify(inner)).toString('base64'),
      });
      const again = single(writeEvent(event));
      expect(again.id).toBe('outer');
      expect(attributesOf(again)).toEqual(attributesOf(event));
      expect(bytesOf(again)).toEqual(bytesOf(event));
    },
  );
});

describe('an event written in structured mode', () => {
  it('is the same event when it is read again, whatever its text, type and data are', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => {
        const again = single(writeStructured(event));
        expect({ ...again, data: bytesOf(again) }).toEqual({ ...event, data: bytesOf(event) });
      }),
      { numRuns: 1000 },
    );
  });

  it('says so in its content type', () => {
    expect(writeStructured(binary({})).headers).toEqual({ 'content-type': 'application/cloudevents+json; charset=utf-8' });
  });
});
