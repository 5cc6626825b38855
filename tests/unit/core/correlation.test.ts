import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesOf, cloudEvent, type AttributeValue } from '../../../src/core/cloudevent.ts';
import { carrying, correlationIdOf, originOf } from '../../../src/core/correlation.ts';
import { cloudEvents } from './arbitraries.ts';

const eventWith = (extra: Record<string, AttributeValue> = {}) =>
  cloudEvent(Object.entries({ specversion: '1.0', id: '1', source: '/s', type: 't', ...extra }), undefined);
const parent = (trace: string) => `00-${trace.repeat(32)}-${'b'.repeat(16)}-00`;

describe('the correlation id of an event', () => {
  it('is that of its extension, which counts before the transport’s', () => {
    expect(correlationIdOf(eventWith({ correlationid: 'extension' }), 'header')).toBe('extension');
  });

  it('is that of the header when the event has none', () => {
    expect(correlationIdOf(eventWith(), 'header')).toBe('header');
  });

  it.each(['', 'two words', 'é', 'a\u2028b', 'x'.repeat(129)])(
    'is never "%s", which no header could carry on or nobody could read',
    (bad) => {
      expect(correlationIdOf(eventWith({ correlationid: bad }), 'header')).toBe('header');
      expect(correlationIdOf(eventWith(), bad)).toMatch(/^[0-9a-f]{32}$/);
    },
  );

  it('is never a number or a boolean', () => {
    expect(correlationIdOf(eventWith({ correlationid: 5 }), 'header')).toBe('header');
    expect(correlationIdOf(eventWith({ correlationid: true }))).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is derived from source and id otherwise, so a retry gets the same one and another event another', () => {
    expect(correlationIdOf(eventWith())).toBe(correlationIdOf(eventWith({ type: 'other' })));
    expect(correlationIdOf(eventWith())).not.toBe(correlationIdOf(eventWith({ id: '2' })));
    expect(correlationIdOf(eventWith())).not.toBe(correlationIdOf(eventWith({ source: '/other' })));
    expect(correlationIdOf(eventWith({ source: '/s1', id: '2' }))).not.toBe(
      correlationIdOf(eventWith({ source: '/s', id: '12' })),
    );
  });

  it('can always be a header and an annotation, whatever the event is', () => {
    fc.assert(
      fc.property(cloudEvents, fc.option(fc.string(), { nil: undefined }), (event, header) =>
        /^[\x21-\x7e]{1,128}$/.test(correlationIdOf(event, header)),
      ),
    );
  });
});

describe('the origin of what an event causes', () => {
  it('names the event as the cause', () => {
    expect(originOf(eventWith({ correlationid: 'c' }))).toMatchObject({ cause: { source: '/s', id: '1' }, correlationId: 'c' });
  });

  it('continues the trace of the event, else that of the request, else begins one', () => {
    const event = eventWith({ traceparent: parent('a') });
    expect(originOf(event, { traceparent: parent('c') }).traceparent).toMatch(/^00-a{32}-[0-9a-f]{16}-00$/);
    expect(originOf(eventWith(), { traceparent: parent('c') }).traceparent).toMatch(/^00-c{32}-[0-9a-f]{16}-00$/);
    expect(originOf(eventWith()).traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  });

  it('takes the request’s trace where the event’s is broken, so that the chain is not cut', () => {
    expect(originOf(eventWith({ traceparent: 'broken' }), { traceparent: parent('c') }).traceparent).toMatch(/^00-c{32}-/);
    expect(originOf(eventWith({ traceparent: 5 }), { traceparent: parent('c') }).traceparent).toMatch(/^00-c{32}-/);
  });

  it('takes the header’s correlation id where the event has none', () => {
    expect(originOf(eventWith(), { correlationId: 'header' }).correlationId).toBe('header');
  });
});

describe('an event that is handed on', () => {
  it('is the same event and a valid one, with the ids that it is followed by', () => {
    fc.assert(
      fc.property(cloudEvents, (event) => {
        const origin = originOf(event);
        const handedOn = carrying(event, origin);
        expect(cloudEvent(attributesOf(handedOn), handedOn.data)).toEqual(handedOn);
        expect({ ...handedOn, extensions: {} }).toEqual({ ...event, extensions: {} });
        expect(handedOn.extensions.traceparent).toBe(origin.traceparent);
      }),
    );
  });

  it('keeps a correlation id of its own, and gets one where it had none', () => {
    const own = eventWith({ correlationid: 'own' });
    expect(carrying(own, originOf(own, { correlationId: 'header' })).extensions.correlationid).toBe('own');
    const unreadable = eventWith({ correlationid: 'two words' });
    expect(carrying(unreadable, originOf(unreadable)).extensions.correlationid).toBe('two words');
    expect(carrying(eventWith(), originOf(eventWith(), { correlationId: 'header' })).extensions.correlationid).toBe('header');
  });
});
