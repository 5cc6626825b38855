import { describe, expect, test } from '@jest/globals';
import { asked, binary } from '../cases/case.ts';
import { send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';
import { runningForSuite } from './running.ts';

/** @returns every sample by its name with labels, and every name that has a type. */
export function parseMetrics(text: string): { samples: Map<string, number>; types: Map<string, string> } {
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)$/.exec(line);
    if (type?.[1] !== undefined && type[2] !== undefined) types.set(type[1], type[2]);
    if (line === '' || line.startsWith('#')) continue;
    const at = line.lastIndexOf(' ');
    samples.set(line.slice(0, at), Number(line.slice(at + 1)));
  }
  return { samples, types };
}

const outcomes = ['complete', 'empty', 'failed', 'error', 'timeout', 'undelivered', 'rejected'];

export function describeMetrics(subject: Subject): void {
  describe('counts what it does', () => {
    const running = runningForSuite(subject, { TIMEOUT_SECONDS: '0.3' });
    const metrics = async (): Promise<Map<string, number>> => {
      const response = await send(running().port, { method: 'GET', path: '/metrics' });
      expect(response.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
      return parseMetrics(response.text()).samples;
    };
    const requests = (samples: Map<string, number>): Record<string, number | undefined> =>
      Object.fromEntries(
        outcomes.map((outcome) => [outcome, samples.get(`knative_lambda_function_requests_total{outcome="${outcome}"}`)]),
      );

    test('shows every outcome from the start, and how long the start took', async () => {
      const samples = await metrics();
      expect(requests(samples)).toEqual(Object.fromEntries(outcomes.map((outcome) => [outcome, 0])));
      expect(samples.get('knative_lambda_cold_start_duration_seconds')).toBeGreaterThan(0);
      expect(samples.get('knative_lambda_cold_start_duration_seconds')).toBeLessThan(10);
    });

    test('counts each event under its outcome, and probes under none', async () => {
      const { port } = running();
      await send(port, asked({ do: 'return', value: 1 }));
      await send(port, asked({ do: 'return nothing' }));
      await send(port, asked({ do: 'throw permanent', message: 'no' }));
      await send(port, asked({ do: 'throw', message: 'no' }));
      await send(port, asked({ do: 'sleep', ms: 2000 }));
      await send(port, binary({ 'ce-id': null }));
      await send(port, { method: 'GET', path: '/healthz' });
      expect(requests(await metrics())).toEqual({
        complete: 1,
        empty: 1,
        failed: 1,
        error: 1,
        timeout: 1,
        undelivered: 0,
        rejected: 1,
      });
    });

    test('measures how long functions ran', async () => {
      await send(running().port, asked({ do: 'sleep', ms: 100 }));
      const samples = await metrics();
      const name = 'knative_lambda_function_duration_seconds';
      const buckets = [...samples].filter(([sample]) => sample.startsWith(`${name}_bucket`)).map(([, value]) => value);
      expect(buckets.length).toBeGreaterThan(5);
      expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
      expect(samples.get(`${name}_count`)).toBe(6);
      expect(samples.get(`${name}_bucket{le="+Inf"}`)).toBe(6);
      expect(samples.get(`${name}_sum`)).toBeGreaterThan(0.4);
    });

    test('shows how many are in flight', async () => {
      const slow = send(running().port, asked({ do: 'sleep', ms: 200 }));
      await new Promise((resolve) => setTimeout(resolve, 80));
      expect((await metrics()).get('knative_lambda_function_in_flight')).toBe(1);
      await slow;
      expect((await metrics()).get('knative_lambda_function_in_flight')).toBe(0);
    });

    test('gives every sample a type', async () => {
      const { samples, types } = parseMetrics((await send(running().port, { method: 'GET', path: '/metrics' })).text());
      const untyped = [...samples.keys()]
        .map((name) => name.replace(/\{.*/, ''))
        .filter((name) => !types.has(name) && !types.has(name.replace(/_(bucket|sum|count)$/, '')));
      expect(untyped).toEqual([]);
    });
  });
}
