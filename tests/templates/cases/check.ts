// Holds an answer against a row of the table.
import { expect } from '@jest/globals';
import type { HttpResponse } from '../harness/http-response.ts';
import type { Expected } from './case.ts';

function checkHeaders(response: HttpResponse, headers: NonNullable<Expected['headers']>): void {
  for (const [name, value] of Object.entries(headers)) {
    const sent = response.headers[name];
    if (value === null) expect({ [name]: sent }).toEqual({ [name]: undefined });
    else if (typeof value === 'string') expect({ [name]: sent }).toEqual({ [name]: value });
    else expect(sent).toMatch(value);
  }
}

function checkReport(response: HttpResponse, expected: Expected): void {
  const report = response.json() as { event: Record<string, unknown> };
  expect(report).toMatchObject(expected.report ?? {});
  const given = new Set(Object.keys(report.event));
  expect((expected.absent ?? []).filter((name) => given.has(name))).toEqual([]);
  if (expected.report?.['kind'] === 'none') expect(report).not.toHaveProperty('data');
}

function checkProblem(response: HttpResponse, problem: NonNullable<Expected['problem']>): void {
  expect(response.headers['content-type']).toBe('application/problem+json');
  const document = response.json() as Record<string, unknown>;
  expect(document).toMatchObject(problem);
  expect(document).toMatchObject({ title: expect.any(String), detail: expect.any(String) });
  expect(response.text()).not.toMatch(/\n\s+at |Traceback|goroutine \d+|\.mjs:|\.py"|\.go:\d/);
}

export function check(response: HttpResponse, expected: Expected): void {
  if (response.status !== expected.status)
    throw new Error(`expected ${expected.status}, got ${response.status}: ${response.text().slice(0, 500)}`);
  if (expected.headers !== undefined) checkHeaders(response, expected.headers);
  if (expected.report !== undefined || expected.absent !== undefined) checkReport(response, expected);
  if (expected.problem !== undefined) checkProblem(response, expected.problem);
  if ('json' in expected) expect(response.json()).toEqual(expected.json);
  if (expected.bytes !== undefined) expect(response.body.equals(expected.bytes)).toBe(true);
}
