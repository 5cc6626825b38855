import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { checkCompletion, type Completion } from '../../../src/core/build.ts';
import { attributesOf, cloudEvent } from '../../../src/core/cloudevent.ts';
import { originOf } from '../../../src/core/correlation.ts';
import { completionOf, emitted, emittedNames, platformSource, rejectionOf, type Origin } from '../../../src/core/emitted.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { jsonOf } from '../../../src/core/event-data.ts';
import { parseEvent } from '../../../src/core/events.ts';
import { tenantOfSource } from '../../../src/core/function.ts';
import { fromJsonFormat, toJsonFormat } from '../../../src/core/json-format.ts';
import { cloudEvents, refs } from './arbitraries.ts';
import { builds, buildWith } from './builds.ts';

const ref = { tenant: 'tenant', function: 'function' };
const origin: Origin = {
  cause: { source: '/s', id: '1' },
  correlationId: 'c',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};

describe('an emitted event', () => {
  it('is a valid CloudEvent about the function, whatever caused it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...emittedNames),
        fc.option(refs, { nil: undefined }),
        cloudEvents,
        fc.nat(),
        (name, anyRef, cause, now) => {
          const event = emitted(name, anyRef, originOf(cause), { some: 'data' }, now);
          expect(cloudEvent(attributesOf(event), event.data)).toEqual(event);
          expect(tenantOfSource(event.source)).toBe(anyRef?.tenant);
          expect(event.subject).toBe(anyRef?.function);
        },
      ),
    );
  });

  it('says what caused it and in which trace', () => {
    expect(emitted('build.queued', ref, origin, {}, 0)).toMatchObject({
      type: 'network.notifi.lambda.build.queued',
      time: '1970-01-01T00:00:00.000Z',
      extensions: { correlationid: 'c', causationid: '1', traceparent: origin.traceparent },
      data: { json: { third_party_id: 'tenant', parser_id: 'function' } },
    });
  });

  it('has the same id when its cause is handled again, whatever the time, data and trace are, so a retry emits no second event', () => {
    const again = { ...origin, traceparent: `00-${'c'.repeat(32)}-${'d'.repeat(16)}-01` };
    expect(emitted('build.queued', ref, again, { other: 1 }, 5000).id).toBe(emitted('build.queued', ref, origin, {}, 0).id);
  });

  it('has another id for another name, cause, or discriminator', () => {
    const all = [
      emitted('build.queued', ref, origin, {}, 0),
      emitted('build.started', ref, origin, {}, 0),
      emitted('build.queued', ref, { ...origin, cause: { source: '/s', id: '2' } }, {}, 0),
      emitted('build.queued', ref, { ...origin, cause: { source: '/s1', id: '' } }, {}, 0),
      emitted('build.queued', ref, origin, {}, 0, 'second'),
    ];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  });

  it('about nobody’s function comes from a source that no tenant can have', () => {
    const event = emitted('event.rejected', undefined, origin, { reason: 'x' }, 0);
    expect(event.source).toBe(platformSource);
    expect(tenantOfSource(platformSource)).toBeUndefined();
    expect(event).not.toHaveProperty('subject');
    expect(event.data).toEqual({ json: { reason: 'x' } });
  });
});

describe('the completion of a build', () => {
  it('is accepted by the same door, and believed for the build that it ends', () => {
    fc.assert(
      fc.property(builds('complete', 'failed', 'timeout'), (build) => {
        const event = parseEvent(fromJsonFormat(JSON.parse(JSON.stringify(toJsonFormat(completionOf(build))))));
        expect({ name: event.name, ref: event.ref }).toEqual({ name: `build.${build.status}`, ref: build.ref });
        checkCompletion(build, event.ref, event.data as Completion);
        expect(event.data).toMatchObject({ build_id: build.buildId, status: build.status, correlation_id: build.correlationId });
      }),
    );
  });

  it('carries what is known of the end, and nothing that is not', () => {
    const data = (extra: Parameters<typeof buildWith>[0]) => jsonOf(completionOf({ ...buildWith(extra), status: 'failed' }));
    expect(data({ startedAt: 3000, endedAt: 4500, exitCode: 7, imageDigest: 'sha256:x', errorMessage: 'broken' })).toMatchObject({
      duration_ms: 1500,
      exit_code: 7,
      image_digest: 'sha256:x',
      error_message: 'broken',
    });
    for (const name of ['exit_code', 'image_digest', 'error_message']) expect(data({ endedAt: 1 })).not.toHaveProperty(name);
  });

  it('has a duration from its creation when it never started, and never one below zero, as a clock may be set back', () => {
    const duration = (extra: Parameters<typeof buildWith>[0]) =>
      (jsonOf(completionOf({ ...buildWith({ createdAt: 2000, ...extra }), status: 'cancelled' })) as { duration_ms: number })
        .duration_ms;
    expect(duration({ endedAt: 2600 })).toBe(600);
    expect(duration({})).toBe(0);
    expect(duration({ startedAt: 2500 })).toBe(0);
    expect(duration({ startedAt: 2500, endedAt: 2400 })).toBe(0);
  });

  it('has the first 4096 characters of a long message, and no half of one', () => {
    const build = { ...buildWith({ errorMessage: `${'x'.repeat(4095)}\u{1f600}y`, endedAt: 1 }), status: 'failed' as const };
    const { error_message: message } = jsonOf(completionOf(build)) as { error_message: string };
    expect(message).toHaveLength(4096);
    expect(message.isWellFormed()).toBe(true);
  });

  it('is another event for each attempt, and the same one for the same attempt', () => {
    const attempt = (number: number) => completionOf({ ...buildWith({ attempt: number, endedAt: 1 }), status: 'failed' }).id;
    expect(attempt(1)).not.toBe(attempt(2));
    expect(attempt(2)).toBe(attempt(2));
  });

  it('of a cancelled build says so', () => {
    expect(completionOf({ ...buildWith({ endedAt: 1 }), status: 'cancelled' }).type).toBe(
      'network.notifi.lambda.build.cancelled',
    );
  });
});

describe('a rejection', () => {
  const error = new CodedError('INVALID_DATA', 'Field "data.priority" must be <= 10', { field: 'data.priority' });

  it('carries the original event and the reason, so the dead-letter queue can show and redrive it', () => {
    fc.assert(
      fc.property(cloudEvents, (original) => {
        const data = jsonOf(rejectionOf(original, ref, originOf(original), error, 0)) as { original: unknown };
        expect(data).toMatchObject({
          code: 'INVALID_DATA',
          category: 'validation',
          message: error.message,
          retryable: false,
          field: 'data.priority',
        });
        expect(toJsonFormat(fromJsonFormat(JSON.parse(JSON.stringify(data.original))))).toEqual(
          JSON.parse(JSON.stringify(toJsonFormat(original))),
        );
      }),
    );
  });

  it('carries the bytes of what could not be read as an event', () => {
    const bytes = Buffer.from([0, 255]);
    const without = new CodedError('INVALID_JSON', 'no');
    expect(jsonOf(rejectionOf({ bytes, contentType: 'text/plain' }, undefined, origin, without, 0))).toEqual({
      code: 'INVALID_JSON',
      category: 'validation',
      message: 'no',
      retryable: false,
      original_base64: 'AP8=',
      original_content_type: 'text/plain',
    });
    expect(jsonOf(rejectionOf({ bytes, contentType: undefined }, undefined, origin, without, 0))).toMatchObject({
      original_content_type: null,
    });
  });

  it('is another event for another reason', () => {
    const rejected = (code: 'INVALID_DATA' | 'IDENTITY_MISSING') =>
      rejectionOf({ bytes: Buffer.alloc(0), contentType: undefined }, ref, origin, new CodedError(code, 'x'), 0).id;
    expect(rejected('INVALID_DATA')).not.toBe(rejected('IDENTITY_MISSING'));
  });
});
