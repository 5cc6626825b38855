// The events of the benchmark, each of a function of its own.
import { defaultSourceKey, type FunctionRef } from '../../src/core/function.ts';

export type Answer = { status: number; body: { status?: string; code?: string }; ms: number; retryAfterMs: number };

export const refNumber = (series: string, n: number): FunctionRef => ({ tenant: `tenant-${n % 20}`, function: `${series}-${n}` });

export const sourceKeyOf = (ref: FunctionRef): string => defaultSourceKey(ref);

export const headersOf = (type: 'build.start' | 'parser.start', ref: FunctionRef): Record<string, string> => ({
  'content-type': 'application/json',
  'ce-specversion': '1.0',
  'ce-id': `${ref.function}-${type}`,
  'ce-source': `network.notifi.${ref.tenant}`,
  'ce-subject': ref.function,
  'ce-type': `network.notifi.lambda.${type}`,
});

export const send = async (address: string, type: 'build.start' | 'parser.start', ref: FunctionRef): Promise<Answer> => {
  const begun = performance.now();
  const response = await fetch(`${address}/cloudevents`, { method: 'POST', headers: headersOf(type, ref), body: '{}' });
  const body = (await response.json()) as Answer['body'];
  const retryAfterMs = Number(response.headers.get('retry-after') ?? 0) * 1000;
  return { status: response.status, body, ms: performance.now() - begun, retryAfterMs };
};
