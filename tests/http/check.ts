// What one case asks and what its answer is held to. Whatever a problem says of itself is checked for every one of them.
import { describe, expect, it } from '@jest/globals';
import { errors, type ErrorCode } from '../../src/core/errors.ts';
import type { PlatformProcess } from '../support/platform-process.ts';
import { exchange, type RawResponse } from '../support/raw-connection.ts';

export type Expected = {
  status: number;
  /** Of a problem; `undefined` is: it names none. */
  code?: ErrorCode;
  field?: string;
  /** Of an outcome: what became of the event. `begun` is queued or started, which depends on who else builds. */
  outcome?: 'alive' | 'begun' | 'pending' | 'skipped' | 'acknowledged' | 'deleted';
  headers?: Record<string, unknown>;
  /** Members of the body. */
  body?: object;
};

export type Case = readonly [sentence: string, request: Buffer, expected: Expected];

const problemType = 'application/problem+json; charset=utf-8';

/** RFC 9457, and contract section 3: a retryable problem is never another 4xx than 429, a permanent one never one that brokers retry. */
export const checkProblem = (
  { status, headers }: { status: number; headers: RawResponse['headers'] },
  body: Record<string, unknown>,
): void => {
  const code = body.code as ErrorCode;
  expect(headers).toMatchObject({ 'content-type': problemType, 'x-correlation-id': body.correlation_id });
  expect(body).toMatchObject({
    status,
    title: errors[code].title,
    type: `urn:knative-lambda:error:${code}`,
    retryable: status === 429 || status >= 500,
    correlation_id: expect.stringMatching(/^[!-~]{1,128}$/) as unknown,
    trace_id: expect.stringMatching(/^[0-9a-f]{32}$/) as unknown,
  });
  expect(String(body.detail)).not.toMatch(/\bat .*:\d+:\d+|node_modules|Error:/);
  if (status === 429 || status === 503) expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
};

const outcomeOf = (body: Record<string, unknown>): unknown =>
  body.status === 'queued' || body.status === 'started' ? 'begun' : body.status;

/** What an answer comes to, in the words of `Expected`. */
export const comesTo = (response: RawResponse): Expected => {
  const { status, headers } = response;
  if (headers['content-type'] === problemType) {
    const body = response.json();
    checkProblem(response, body);
    return { status, code: body.code as ErrorCode, field: body.field as string };
  }
  const isOutcome = headers['content-type']?.startsWith('application/json') === true && headers['ce-type'] === undefined;
  const body: unknown = isOutcome ? response.json() : undefined;
  if (typeof body !== 'object' || body === null || Array.isArray(body) || !('status' in body)) return { status };
  return { status, outcome: outcomeOf(body) as NonNullable<Expected['outcome']> };
};

export const checkAnswer = (response: RawResponse, { headers, body, ...expected }: Expected): void => {
  const shown = response.body.toString('utf8').slice(0, 500);
  expect({ ...comesTo(response), shown }).toEqual({ ...expected, shown });
  if (headers !== undefined) expect(response.headers).toMatchObject(headers);
  if (body !== undefined) expect(response.json()).toMatchObject(body);
};

/** Each case on a connection of its own. */
export const describeCases = (title: string, platform: () => PlatformProcess, cases: readonly Case[]): void => {
  describe(title, () => {
    it.each(cases)('%s', async (_sentence, bytes, expected) => {
      checkAnswer(await exchange(platform().port, bytes), expected);
    });
  });
};
