import { describe, expect, it } from '@jest/globals';
import { CloudEvent as SdkEvent, HTTP, type Message } from 'cloudevents';
import fc from 'fast-check';
import { attributesOf, type CloudEvent } from '../../../src/core/cloudevent.ts';
import { jsonOf } from '../../../src/core/event-data.ts';
import { writeEvent, writeStructured } from '../../../src/core/http-binding.ts';
import { absoluteUris, extensionNames, jsonValues } from './arbitraries.ts';
import { nothing, single } from './messages.ts';

describe('the cloudevents SDK as a peer', () => {
  /** What the SDK's own strict constructor takes, with values that its binary mode does not damage: it does not percent-encode. */
  const sdkEvents = fc
    .record(
      {
        id: fc.stringMatching(/^[\x21\x23\x24\x26-\x7e]{1,20}$/),
        source: absoluteUris.filter((uri) => !uri.includes('%')),
        type: fc.stringMatching(/^[a-z.]{1,20}$/),
        subject: fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
        time: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date('9999-12-31') }).map((date) => date.toISOString()),
        dataschema: fc.constant('https://example.com/schema?v=1'),
        extensions: fc.dictionary(
          extensionNames.filter((name) => /^[a-z]+$/.test(name) && !['constructor', 'tostring', 'valueof'].includes(name)),
          fc.stringMatching(/^[a-z]{1,9}$/),
          { maxKeys: 3 },
        ),
        data: jsonValues.filter((value) => typeof value === 'object' && value !== null),
      },
      { requiredKeys: ['id', 'source', 'type'] },
    )
    .map(
      ({ extensions, ...rest }) =>
        new SdkEvent({ ...rest, ...(rest.data === undefined ? {} : { datacontenttype: 'application/json' }), ...extensions }),
    );

  const fromSdk = ({ headers, body }: Message): CloudEvent =>
    single({
      headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)])),
      body: body === undefined ? nothing : Buffer.from(body as string),
    });

  const told = (event: SdkEvent<unknown>) => JSON.parse(JSON.stringify(event)) as Record<string, unknown>;
  const heard = (event: CloudEvent) => ({
    ...Object.fromEntries(attributesOf(event)),
    ...(event.data === undefined ? {} : { data: jsonOf(event) }),
  });

  it('writes structured events that are read here as it meant them', () => {
    fc.assert(fc.property(sdkEvents, (event) => expect(heard(fromSdk(HTTP.structured(event)))).toEqual(told(event))));
  });

  it('writes binary events that are read here as it meant them', () => {
    fc.assert(
      fc.property(sdkEvents, (event) => {
        const { datacontenttype, ...received } = heard(fromSdk(HTTP.binary(event))) as Record<string, unknown>;
        const { datacontenttype: meant, ...rest } = told(event);
        expect(received).toEqual(rest);
        if (meant !== undefined) expect(datacontenttype).toMatch(/^application\/json/);
      }),
    );
  });

  it('reads events that were written here, in both modes', () => {
    fc.assert(
      fc.property(sdkEvents, (event) => {
        const ours = fromSdk(HTTP.structured(event));
        for (const message of [writeEvent(ours), writeStructured(ours)]) {
          const back = HTTP.toEvent({
            headers: message.headers,
            body: message.body.length === 0 ? undefined : message.body.toString(),
          }) as SdkEvent<unknown>;
          expect(told(back)).toEqual(told(event));
        }
      }),
    );
  });
});
