import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesOf, cloudEvent, type AttributeValue, type CloudEvent, type EventData } from '../../../src/core/cloudevent.ts';
import { originOf } from '../../../src/core/correlation.ts';
import { rejectionOf } from '../../../src/core/emitted.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { toJsonFormat } from '../../../src/core/json-format.ts';
import { attemptExtension, countOf, letterOf, unreadableLetterOf } from '../../../src/core/letter-intake.ts';
import { letterIdOf } from '../../../src/core/letter.ts';
import { plainText } from '../../../src/core/plain-text.ts';
import { cloudEvents } from './arbitraries.ts';

const now = 10_000;
const ref = { tenant: 'acme', function: 'parser' };
const eventWith = (extra: Record<string, AttributeValue> = {}, data?: EventData): CloudEvent =>
  cloudEvent(
    Object.entries({ specversion: '1.0', id: '1', source: 'network.notifi.acme', subject: 'parser', type: 't', ...extra }),
    data,
  );
const failed = (code: AttributeValue, data?: string) =>
  letterOf(eventWith({ knativeerrorcode: code, ...(data === undefined ? {} : { knativeerrordata: data }) }), { now });

describe('a letter from a broker', () => {
  it('is the event without what the failed delivery added to it, so that it goes out as it came in', () => {
    const added = { knativeerrordest: 'http://fn.svc', knativeerrorcode: '503', knativeerrordata: 'eA==', [attemptExtension]: 2 };
    const letter = letterOf(eventWith({ ...added, kept: 'x' }), { now, firstFailedAt: 5000 });
    expect(letter).toMatchObject({
      id: letterIdOf({ source: 'network.notifi.acme', id: '1' }, 'http://fn.svc'),
      destination: 'http://fn.svc',
      attempts: 2,
      firstFailedAt: 5000,
      lastFailedAt: now,
      event: eventWith({ kept: 'x' }),
    });
  });

  it('is always a letter whose texts are one line, whatever the event is', () => {
    const hostile = fc.tuple(
      cloudEvents,
      fc.dictionary(
        fc.constantFrom('knativeerrordest', 'knativeerrorcode', 'knativeerrordata', attemptExtension),
        fc.oneof(fc.string(), fc.integer()),
      ),
    );
    fc.assert(
      fc.property(hostile, fc.option(fc.integer(), { nil: undefined }), ([event, extensions], firstFailedAt) => {
        const arrived = { ...event, extensions: { ...event.extensions, ...extensions } };
        const letter = letterOf(arrived, { now, ...(firstFailedAt === undefined ? {} : { firstFailedAt }) });
        // eslint-disable-next-line no-control-regex
        expect(`${letter.reason}${letter.destination}`).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        expect(letter.reason.length).toBeLessThanOrEqual(512);
        expect(letter.firstFailedAt).toBeLessThanOrEqual(now);
        expect(Number.isInteger(letter.attempts) && letter.attempts >= 0).toBe(true);
        if (letter.event !== undefined) expect(cloudEvent(attributesOf(letter.event), letter.event.data)).toEqual(letter.event);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['422', 'validation', 'The subscriber answered 422'],
    [503, 'subscriber_unavailable', 'The subscriber answered 503'],
    ['504', 'function_timeout', 'The subscriber answered 504'],
    ['-1', 'subscriber_unavailable', 'The subscriber did not answer'],
    ['text', 'subscriber_unavailable', 'The subscriber did not answer'],
    ['99', 'subscriber_unavailable', 'The subscriber did not answer'],
    ['600', 'subscriber_unavailable', 'The subscriber did not answer'],
  ])('with the status %s has the category %s', (code, category, reason) => {
    expect(failed(code)).toMatchObject({ category, reason });
  });

  it('shows the subscriber’s answer, in base64 as Knative sends it or as it is', () => {
    expect(failed('500', Buffer.from('{"detail":"broken"}').toString('base64')).reason).toBe(
      'The subscriber answered 500: {"detail":"broken"}',
    );
    expect(failed('500', 'plain words').reason).toBe('The subscriber answered 500: plain words');
    expect(failed('500', Buffer.from([255, 254, 253, 252, 251, 250]).toString('base64')).reason).toBe(
      'The subscriber answered 500: //79/Pv6',
    );
  });

  it('without a status says so, and which queue gave it up', () => {
    expect(letterOf(eventWith(), { now })).toMatchObject({
      category: 'unknown',
      reason: 'It was given up without a status',
      destination: '',
    });
    expect(letterOf(eventWith(), { now, from: 'a\nqueue' }).reason).toBe('It was given up by queue a queue without a status');
  });

  it('failed first no later than now, whatever a clock elsewhere said', () => {
    expect(letterOf(eventWith(), { now, firstFailedAt: now + 5000 }).firstFailedAt).toBe(now);
    expect(letterOf(eventWith(), { now }).firstFailedAt).toBe(now);
  });
});

describe('a count out of a header', () => {
  it.each([
    ['3', 3],
    [3, 3],
    [2.9, 2],
    ['0', 0],
    ['-1', 0],
    [-1, 0],
    ['1e3', 0],
    ['', 0],
    [NaN, 0],
    [true, 0],
    [undefined, 0],
    ['9999999', 1_000_000],
    ['99999999', 0],
    [Infinity, 1_000_000],
  ])('of %p is %d', (value, count) => {
    expect(countOf(value)).toBe(count);
  });
});

describe('a text for people', () => {
  it('is one line of the length that was asked for', () => {
    expect(plainText('a\r\n\tb\u2028c\u0085d', 100)).toBe('a b c d');
    expect(plainText('abcdef', 3)).toBe('abc');
  });
});

describe('a rejection', () => {
  const error = new CodedError('INVALID_DATA', 'Field "data.priority" must be <= 10', { field: 'data.priority' });
  const original = eventWith({ type: 'network.notifi.lambda.parser.start', kept: 'x' }, { json: { priority: 99 } });
  const rejection = (of: CloudEvent = original, about: typeof ref | undefined = ref) =>
    rejectionOf(of, about, originOf(of), error, 0);
  const withData = (change: Record<string, unknown>, extensions: Record<string, AttributeValue> = {}): CloudEvent => {
    const event = rejection();
    const data = event.data !== undefined && 'json' in event.data ? (event.data.json as object) : {};
    return { ...event, data: { json: { ...data, ...change } }, extensions: { ...event.extensions, ...extensions } };
  };

  it('is a letter of the original event, which goes back to the broker, with the category and the message of the refusal', () => {
    expect(
      letterOf({ ...rejection(), extensions: { ...rejection().extensions, knativeerrordest: 'http://x' } }, { now }),
    ).toMatchObject({
      category: 'validation',
      reason: error.message,
      destination: '',
      event: original,
    });
  });

  it('of bytes that were no event is a letter of those bytes', () => {
    const event = rejectionOf(
      { bytes: Buffer.from([1, 255]), contentType: 'text/plain' },
      undefined,
      originOf(original),
      error,
      0,
    );
    expect(letterOf(event, { now })).toMatchObject({
      raw: { bytes: Buffer.from([1, 255]), contentType: 'text/plain', headers: {} },
    });
    const headers = { 'ce-id': '1', 'content-type': 'text/plain' };
    const described = rejectionOf(
      { bytes: Buffer.from([1]), contentType: 'a/b', headers },
      undefined,
      originOf(original),
      error,
      0,
    );
    expect(letterOf(described, { now }).raw).toEqual({ bytes: Buffer.from([1]), contentType: 'a/b', headers });
    const forged = { ...described, data: { json: { original_base64: 'AQ==', original_headers: { a: 'b', c: 5, d: null } } } };
    expect(letterOf(forged, { now }).raw).toEqual({ bytes: Buffer.from([1]), headers: { a: 'b' } });
    for (const original_headers of [null, 5, 'text']) {
      const broken = { ...described, data: { json: { original_base64: 'AQ==', original_headers } } };
      expect(letterOf(broken, { now }).raw?.headers).not.toHaveProperty('a');
    }
    const untyped = rejectionOf({ bytes: Buffer.from([1]), contentType: undefined }, undefined, originOf(original), error, 0);
    expect(letterOf(untyped, { now }).raw).toEqual({ bytes: Buffer.from([1]), headers: {} });
  });

  it('of another function’s event is a letter of the rejection itself, so no function has an event sent in another’s name', () => {
    const foreign = { ...rejection(), source: 'network.notifi.attacker' };
    expect(letterOf(foreign, { now }).event).toMatchObject({ source: 'network.notifi.attacker' });
  });

  it('by a function, of an event that no function is sent, is a letter of itself: it could command the builder', () => {
    const command = { ...original, type: 'network.notifi.lambda.service.delete' };
    const reply = { ...withData({ original: toJsonFormat(command) }), type: 'network.notifi.lambda.parser.failed' };
    expect(letterOf(reply, { now }).event).toMatchObject({ type: 'network.notifi.lambda.parser.failed' });
    expect(letterOf({ ...reply, type: 'network.notifi.lambda.event.rejected' }, { now }).event).toEqual(command);
  });

  it('that was not caused by the event it carries is a letter of itself', () => {
    expect(letterOf(withData({}, { causationid: 'another' }), { now }).event?.id).toBe(rejection().id);
  });

  it.each([
    ['no original', { original: undefined }],
    ['an original that is none', { original: { id: '1' } }],
  ])('with %s is a letter of itself', (_, change) => {
    expect(letterOf(withData(change), { now }).event?.id).toBe(rejection().id);
  });

  it('without a category or a message is one all the same', () => {
    expect(letterOf(withData({ category: 5, message: 5 }), { now })).toMatchObject({
      category: 'unknown',
      reason: 'It was rejected without a message',
    });
    expect(letterOf({ ...rejection(), data: { json: null } }, { now }).category).toBe('unknown');
  });

  it('keeps the count of the event it is about, which goes out without it: a letter that is rejected again and again ends', () => {
    const tried = { ...original, extensions: { ...original.extensions, [attemptExtension]: 4 } };
    const timeout = rejectionOf(tried, ref, originOf(tried), new CodedError('BUILD_TIMEOUT', 'It took too long'), 0);
    expect(letterOf(timeout, { now })).toMatchObject({ category: 'build_timeout', attempts: 4 });
    expect(letterOf(timeout, { now }).event).toEqual(original);
    const more = { ...timeout, extensions: { ...timeout.extensions, [attemptExtension]: 5 } };
    expect(letterOf(more, { now }).attempts).toBe(5);
  });

  it.each(['subscriber_unavailable', 'a_name_of_its_own', 5])(
    'by the function itself is for good, also where it says %p: it can not have itself called again',
    (category) => {
      const reply = { ...withData({ category }), type: 'network.notifi.lambda.parser.failed' };
      expect(letterOf(reply, { now })).toMatchObject({ category: 'function_error_permanent', event: original });
    },
  );

  it('that cannot be read is a letter of itself, explained by its delivery', () => {
    expect(letterOf({ ...rejection(), data: { bytes: Buffer.from('{') } }, { now }).reason).toContain('without a status');
  });

  it('may be a function’s own reply about its event', () => {
    const reply = {
      ...withData({ message: 'no such block', category: 'function_error_permanent' }),
      type: 'network.notifi.lambda.parser.failed',
    };
    expect(letterOf(reply, { now })).toMatchObject({
      category: 'function_error_permanent',
      reason: 'no such block',
      event: original,
    });
  });
});

describe('bytes that are no event', () => {
  it('are a letter that no retry makes readable, with the reason on one line', () => {
    const raw = { bytes: Buffer.from('{'), headers: { a: 'b' } };
    expect(
      unreadableLetterOf(raw, new CodedError('INVALID_JSON', 'The body\nis not JSON'), { now, firstFailedAt: 1 }),
    ).toMatchObject({
      category: 'unreadable',
      reason: expect.stringContaining('The body is not JSON'),
      firstFailedAt: 1,
      lastFailedAt: now,
      raw,
    });
    expect(unreadableLetterOf(raw, new Error('secret detail'), { now })).toMatchObject({ firstFailedAt: now });
    expect(unreadableLetterOf(raw, new Error('secret detail'), { now }).reason).not.toContain('secret');
  });
});
