import { describe, expect, test } from '@jest/globals';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { originOf } from '../../../src/core/correlation.ts';
import { rejectionOf } from '../../../src/core/emitted.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { writeEvent } from '../../../src/core/http-binding.ts';
import { outcomeOf, outcomeOfFailure, type HttpAnswer } from '../../../src/dlq-consumer/answer.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

const answer = (status: number, headers: Record<string, string> = {}, body = ''): HttpAnswer => ({
  status,
  headers,
  rawHeaders: Object.entries(headers).flat(),
  body: Buffer.from(body),
});

const problem = (status: number, members: unknown): HttpAnswer =>
  answer(status, { 'content-type': 'application/problem+json; charset=utf-8' }, JSON.stringify(members));

describe('an answer', () => {
  test.each([200, 201, 202, 204, 299])('%i means that the letter was taken', (status) => {
    expect(outcomeOf(answer(status), now)).toEqual({ delivered: true, status });
  });

  test('carries a reply event in binary mode, which belongs to the broker', () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'r',
      'ce-source': 's',
      'ce-type': 't',
      'content-type': 'application/json',
    };
    expect(outcomeOf(answer(200, headers, '{}'), now)).toMatchObject({
      delivered: true,
      reply: { id: 'r', source: 's', type: 't' },
    });
  });

  test('carries a reply event in structured mode', () => {
    const body = JSON.stringify({ specversion: '1.0', id: 'r', source: 's', type: 't' });
    expect(outcomeOf(answer(200, { 'content-type': 'application/cloudevents+json' }, body), now)).toMatchObject({
      reply: { id: 'r' },
    });
  });

  test('stays a success when its reply is no event', () => {
    expect(outcomeOf(answer(200, { 'ce-specversion': '9.9', 'ce-id': '' }), now)).toEqual({ delivered: true, status: 200 });
  });

  const rejection = (type: string, data: string): HttpAnswer => {
    const id = { 'ce-specversion': '1.0', 'ce-id': 'r', 'ce-source': 's', 'ce-type': `network.notifi.lambda.${type}` };
    return answer(200, { ...id, 'content-type': 'application/json' }, data);
  };

  test.each([
    ['event.rejected', '{"category":"source_invalid","message":"no"}', 'source_invalid', 'no'],
    ['event.rejected', '{"category":"queue_full"}', 'queue_full', 'It was rejected without a message'],
    ['event.rejected', '{"category":"toString","message":"no"}', 'unknown', 'no'],
    ['event.rejected', '{"category"', 'unknown', 'It was rejected without a message'],
    ['parser.failed', '{"category":"image_refused","message":"no"}', 'image_refused', 'no'],
    ['parser.failed', '{"category":"queue_full","message":"no"}', 'function_error_permanent', 'no'],
    ['parser.failed', 'null', 'function_error_permanent', 'It was rejected without a message'],
    ['parser.failed', '{"category"', 'function_error_permanent', 'It was rejected without a message'],
  ])('that is a reply of type %s with %s was no delivery: %s', (type, data, category, message) => {
    expect(outcomeOf(rejection(type, data), now)).toEqual({
      delivered: false,
      status: 200,
      category,
      reason: `It answered ${type}: ${message}`,
    });
  });

  test('in which the builder rejects an event names the category and the message of its error', () => {
    const source = 'network.notifi.acme';
    const event: CloudEvent = { specversion: '1.0', id: '1', source, type: 't', subject: 'ü', extensions: {} };
    const error = new CodedError('SOURCE_NOT_FOUND', 'There is no object "x"');
    const { headers, body } = writeEvent(rejectionOf(event, undefined, originOf(event), error, now));
    expect(outcomeOf(answer(200, headers, body.toString()), now)).toMatchObject({
      delivered: false,
      category: 'source_not_found',
      reason: 'It answered event.rejected: There is no object "x"',
    });
  });

  test('that only sounds like a rejection is any other reply', () => {
    for (const type of ['parser.failedx', 'parser.complete', 'build.failed'])
      expect(outcomeOf(rejection(type, '{}'), now)).toMatchObject({ delivered: true });
  });

  test('says why it rejects in one line of bounded length', () => {
    const outcome = outcomeOf(rejection('parser.failed', JSON.stringify({ message: `a\r\nb${'x'.repeat(5_000)}` })), now);
    const reason = 'reason' in outcome ? outcome.reason : '';
    expect(reason).toMatch(/^It answered parser\.failed: a bx+$/);
    expect(reason).toHaveLength(400);
  });

  test.each([
    [500, 'subscriber_unavailable'],
    [503, 'subscriber_unavailable'],
    [404, 'subscriber_unavailable'],
    [504, 'function_timeout'],
    [429, 'rate_limited'],
    [400, 'validation'],
    [413, 'validation'],
  ])('%i is a failure of category %s', (status, category) => {
    expect(outcomeOf(answer(status), now)).toMatchObject({ delivered: false, status, category });
  });

  test.each([301, 302, 303, 307, 308])('%i is not followed, and would be the same again: the letter is parked', (status) => {
    const outcome = outcomeOf(answer(status, { location: 'http://here/again' }), now);
    expect(outcome).toMatchObject({ delivered: false, category: 'validation' });
    expect(outcome).toMatchObject({ reason: expect.stringContaining('redirect') });
  });

  test("takes the category from our own error's code, which says more than a status can", () => {
    expect(outcomeOf(problem(422, { code: 'SOURCE_NOT_FOUND', detail: 'There is no object "x"' }), now)).toMatchObject({
      category: 'source_not_found',
      reason: 'It answered 422 SOURCE_NOT_FOUND: There is no object "x"',
    });
    expect(outcomeOf(problem(503, { code: 'REGISTRY_UNAVAILABLE' }), now)).toMatchObject({ category: 'registry_unavailable' });
  });

  test.each([{ code: 'toString' }, { code: '__proto__' }, { code: 7 }, null, [], 'text'])(
    'believes no code that is none: %j',
    (members) => {
      expect(outcomeOf(problem(400, members), now)).toMatchObject({ category: 'validation' });
    },
  );

  test('a problem that is no JSON is only its status', () => {
    expect(outcomeOf(answer(500, { 'content-type': 'application/problem+json' }, '{"code"'), now)).toMatchObject({
      category: 'subscriber_unavailable',
    });
  });

  test.each([
    ['7', 7_000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Wed, 31 Dec 2025 00:00:00 GMT', 0],
  ])('asks for %s to come back', (header, ms) => {
    expect(outcomeOf(answer(503, { 'retry-after': header }), now)).toMatchObject({ retryAfterMs: ms });
  });

  test('what it says is one line of bounded length: it is logged, listed and handed on', () => {
    const outcome = outcomeOf(answer(500, {}, `down\r\nSet-Cookie: a=b\u0000${'x'.repeat(5_000)}`), now);
    const reason = 'reason' in outcome ? outcome.reason : '';
    expect(reason).toMatch(/^It answered 500: down Set-Cookie: a=b x+$/);
    expect(reason.length).toBeLessThanOrEqual(400);
  });

  test('no answer at all has the category of its error', () => {
    expect(outcomeOfFailure(new CodedError('FUNCTION_TIMEOUT', 'It did not answer within 2 s'))).toEqual({
      delivered: false,
      category: 'function_timeout',
      reason: 'It did not answer within 2 s',
    });
  });
});
