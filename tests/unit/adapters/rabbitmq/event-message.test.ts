import { describe, expect, test } from '@jest/globals';
import type { MessageProperties } from 'amqplib';
import fc from 'fast-check';
import { eventFromMessage, messageFromEvent } from '../../../../src/adapters/rabbitmq/event-message.ts';
import { cloudEvent, type CloudEvent } from '../../../../src/core/cloudevent.ts';
import { toJsonFormat } from '../../../../src/core/json-format.ts';
import { cloudEvents } from '../../core/arbitraries.ts';
import { throughWire } from './wire.ts';

const propertiesOf = (headers: Record<string, unknown>, contentType?: string): MessageProperties =>
  ({ headers, ...(contentType === undefined ? {} : { contentType }) }) as MessageProperties;

const read = (headers: Record<string, unknown>, contentType?: string, content = Buffer.from('{}')): CloudEvent =>
  eventFromMessage({ content, properties: propertiesOf(headers, contentType) });

const minimal = { specversion: '1.0', id: '1', source: 's', type: 't' };

describe('an event as a message of the broker', () => {
  test('has its attributes as headers without a prefix, its data as the body, and is known by its id', () => {
    const event = cloudEvent(
      [...Object.entries(minimal), ['subject', 'p'], ['datacontenttype', 'application/json'], ['priority', 3], ['urgent', true]],
      { bytes: Buffer.from('{"a":1}') },
    );
    expect(messageFromEvent(event)).toEqual({
      content: Buffer.from('{"a":1}'),
      properties: {
        persistent: true,
        messageId: '1',
        contentType: 'application/json',
        headers: { ...minimal, subject: 'p', priority: 3, urgent: true },
      },
    });
  });

  test('is the same event after a journey over the wire, whatever is in it', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => {
        const message = messageFromEvent(event);
        const again = eventFromMessage(throughWire(message));
        // The JSON format does not tell JSON data from its bytes; as headers and body they are told apart.
        if (message.properties.contentType === 'application/cloudevents+json')
          expect(toJsonFormat(again)).toEqual(toJsonFormat(event));
        else expect(again).toEqual(event);
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['without a prefix', ''],
    ['of the AMQP binding', 'cloudEvents:'],
    ['of the AMQP binding, for JMS', 'cloudEvents_'],
    ["of HTTP's binding", 'ce-'],
  ])('is read with attributes %s', (_, prefix) => {
    const headers = Object.fromEntries(Object.entries(minimal).map(([name, value]) => [`${prefix}${name}`, value]));
    expect(read({ ...headers, 'x-death': [], 'X-Other': 1 })).toMatchObject(minimal);
  });

  test('is read whatever a subscriber answered: line ends are refused in the attributes of an event, not in what is said of its failure', () => {
    const { extensions } = read({ ...minimal, knativeerrordata: 'a\r\nb', knativeerrordest: 'http://x/\u0000' });
    expect(extensions).toEqual({ knativeerrordata: 'a b', knativeerrordest: 'http://x/ ' });
    expect(() => read({ ...minimal, other: 'a\r\nb' })).toThrow();
  });

  test('is read in structured mode, and a batch is refused', () => {
    const body = Buffer.from(JSON.stringify({ ...minimal, data: [1] }));
    expect(read({}, 'application/cloudevents+json; charset=UTF-8', body)).toMatchObject({ ...minimal, data: { json: [1] } });
    expect(() => read({}, 'application/cloudevents-batch+json', Buffer.from(`[${body.toString()}]`))).toThrow('not a batch');
  });

  test('is not the event that it carries as data', () => {
    const inner = Buffer.from(JSON.stringify({ ...minimal, id: 'inner' }));
    const event = cloudEvent([...Object.entries(minimal), ['datacontenttype', 'application/cloudevents+json']], { bytes: inner });
    expect(eventFromMessage(throughWire(messageFromEvent(event)))).toMatchObject({
      id: '1',
      datacontenttype: 'application/cloudevents+json',
    });
  });

  test("takes a time in AMQP's own type, and an integer as an extension", () => {
    expect(read({ ...minimal, time: { '!': 'timestamp', value: 1_700_000_000 }, priority: 3 })).toMatchObject({
      time: '2023-11-14T22:13:20.000Z',
      extensions: { priority: 3 },
    });
  });

  test.each([
    ['no headers at all', {}],
    ['an id that is a number', { ...minimal, id: 7 }],
    ['a type that is a table', { ...minimal, type: { a: 1 } }],
    ['a source that is a list', { ...minimal, source: ['s'] }],
    ['an extension that is bytes', { ...minimal, extra: Buffer.from([1]) }],
    ['an extension beyond 32 bits', { ...minimal, extra: 2 ** 40 }],
    ['an extension that is no integer', { ...minimal, extra: 1.5 }],
    ['a time that is a date nobody can have', { ...minimal, time: { '!': 'timestamp', value: 1e300 } }],
    ['a line break in an attribute', { ...minimal, subject: 'a\r\nX-Injected: b' }],
    ['another version', { ...minimal, specversion: '0.3' }],
  ])('is none with %s', (_, headers) => expect(() => read(headers)).toThrow());

  test.each([
    [
      'more attributes than fit into a frame',
      Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`extra${n}`, 'x'.repeat(8_000)])),
    ],
    ["a name longer than AMQP's short string", { ['n'.repeat(300)]: 'x' }],
    ['a content type longer than that', { datacontenttype: `text/plain; x=${'y'.repeat(300)}` }],
  ])('with %s is written in structured mode: such a frame would end the connection, again and again', (_, more) => {
    const event = cloudEvent([...Object.entries(minimal), ...Object.entries(more)], { bytes: Buffer.from([0, 255]) });
    const message = messageFromEvent(event);
    expect(message.properties).toMatchObject({ contentType: 'application/cloudevents+json', headers: {} });
    expect(eventFromMessage(throughWire(message))).toEqual(event);
  });

  test('with an id that is too long for a property goes without that property', () => {
    const event = cloudEvent(Object.entries({ ...minimal, id: 'é'.repeat(200) }), undefined);
    expect(messageFromEvent(event).properties.messageId).toBeUndefined();
    expect(eventFromMessage(throughWire(messageFromEvent(event)))).toEqual(event);
  });
});
