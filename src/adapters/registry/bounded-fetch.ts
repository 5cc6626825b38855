// A request to a registry: no redirect is followed (its target would be the registry's choice, and would see the credentials), every
// answer has a deadline and a largest size.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../core/errors.ts';

export type Answer = { readonly status: number; readonly headers: Headers; readonly body: Buffer };

export type BoundedFetch = (
  url: URL,
  request: { method: 'GET' | 'HEAD'; headers: Record<string, string>; maxBytes: number; signal: AbortSignal },
) => Promise<Answer>;

export const unavailable = (message: string, cause?: unknown): CodedError =>
  new CodedError('REGISTRY_UNAVAILABLE', message, { cause });

const bodyOf = async (response: Response, maxBytes: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // Leaving the loop gives the connection back.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBytes) throw unavailable(`The registry's answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

export const fetchBounded: BoundedFetch = async (url, { maxBytes, ...request }) => {
  try {
    const response = await fetch(url, { ...request, redirect: 'manual' });
    const body = await bodyOf(response, maxBytes);
    return { status: response.status, headers: response.headers, body };
  } catch (thrown) {
    throw thrown instanceof CodedError ? thrown : unavailable('The registry does not answer', thrown);
  }
};

const mayHeal = (status: number): boolean => status === 429 || status >= 500;

/** Tries again what may heal, as often as `pausesMs` has entries; the answer after the last try is given as it is. */
export const withRetries =
  (pausesMs: readonly number[], send: BoundedFetch = fetchBounded): BoundedFetch =>
  async (url, request) => {
    for (const pause of pausesMs) {
      try {
        const answer = await send(url, request);
        if (!mayHeal(answer.status)) return answer;
      } catch {
        // The last try's error is the one that is told.
      }
      await sleep(pause, undefined, { signal: request.signal }).catch((cause: unknown) => {
        throw unavailable('The registry did not answer in time', cause);
      });
    }
    return send(url, request);
  };
