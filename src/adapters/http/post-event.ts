// An event, sent over HTTP in binary mode, and the answer as it came. Redirects are not followed: whoever answers one could send
// the event anywhere.
import { setMaxListeners } from 'node:events';
import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { CloudEvent } from '../../core/cloudevent.ts';
import { CodedError } from '../../core/errors.ts';
import { writeEvent } from '../../core/http-binding.ts';
import { formatTraceparent, parseTraceparent } from '../../core/trace-context.ts';

/** Header names in `headers` are in lower case; `rawHeaders` as they came. */
export type Answer = { status: number; headers: Record<string, string>; rawHeaders: string[]; body: Buffer };

export type EventPoster = {
  /** @throws CodedError FUNCTION_TIMEOUT after `timeoutMs`, FUNCTION_UNAVAILABLE when there is no answer; the signal ends it at once */
  post(url: URL, event: CloudEvent, timeoutMs: number, signal?: AbortSignal): Promise<Answer>;
  close(): void;
};

export type PosterOptions = {
  userAgent: string;
  /** Connections to one host. */
  maxSockets: number;
  /** A longer answer is not read to its end. */
  maxAnswerBytes: number;
};

const headersOf = ({ headers }: IncomingMessage): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );

const readAnswer = (response: IncomingMessage, maxBytes: number): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    response.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= maxBytes) chunks.push(chunk);
      else response.destroy(new CodedError('FUNCTION_UNAVAILABLE', `The answer is longer than ${maxBytes} bytes`));
    });
    response.on('end', () => {
      const { statusCode: status = 0, rawHeaders } = response;
      resolve({ status, headers: headersOf(response), rawHeaders, body: Buffer.concat(chunks) });
    });
    response.on('error', reject);
    response.on('aborted', () => reject(new Error('The answer ended early')));
  });

/** How long a connection without a request is kept. */
const idleMs = 5_000;

/** Words for a person; an address or a stack trace of ours is no business of a list of letters. */
const wordsFor: Record<string, string> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'closed the connection',
  ENOTFOUND: 'has no address',
  EAI_AGAIN: 'has no address right now',
  EHOSTUNREACH: 'is not reachable',
  ETIMEDOUT: 'is not reachable in time',
};

const asCoded = (thrown: unknown): CodedError => {
  if (thrown instanceof CodedError) return thrown;
  const words = wordsFor[(thrown as { code?: string }).code ?? ''] ?? 'did not answer';
  return new CodedError('FUNCTION_UNAVAILABLE', `It ${words}`, { cause: thrown });
};

type Bounds = { timeoutMs: number; maxBytes: number; signal: AbortSignal | undefined };

/**
 * One request and its answer, within its bounds. A timer and a listener of its own: combined signals (`AbortSignal.any`) are weak
 * references, and at a thousand requests per second the garbage collector does little else than look after them.
 */
const exchange = (request: ClientRequest, body: Buffer, { timeoutMs, maxBytes, signal }: Bounds): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (thrown: Error): void => {
      settle();
      reject(thrown);
    };
    const end = (reason: Error): void => {
      // Rejected here: a request that still waits for its connection would say that it was destroyed only when it gets one.
      fail(reason);
      request.destroy();
    };
    const aborted = (): void => end(signal?.reason as Error);
    const late = (): void => end(new CodedError('FUNCTION_TIMEOUT', `It did not answer within ${timeoutMs / 1000} s`));
    const timer = setTimeout(late, timeoutMs);
    signal?.addEventListener('abort', aborted);
    const succeed = (answer: Answer): void => {
      settle();
      resolve(answer);
    };
    request.on('response', (response) => void readAnswer(response, maxBytes).then(succeed, fail));
    request.on('error', fail);
    request.end(body);
  });

export const createEventPoster = (options: PosterOptions): EventPoster => {
  // As many idle connections as may be busy, but not for long: a burst for one host uses each of them again and again.
  const keepAlive = { keepAlive: true, maxSockets: options.maxSockets, maxFreeSockets: options.maxSockets, timeout: idleMs };
  const agents = { http: new HttpAgent(keepAlive), https: new HttpsAgent(keepAlive) };

  const send = async (url: URL, event: CloudEvent, bounds: Bounds): Promise<Answer> => {
    const { headers, body } = writeEvent(event);
    const { traceparent } = event.extensions;
    const trace = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined;
    const all = {
      ...headers,
      ...(trace === undefined ? {} : { traceparent: formatTraceparent(trace) }),
      'content-length': String(body.length),
      'user-agent': options.userAgent,
      prefer: 'reply',
    };
    const settings = { method: 'POST', headers: all };
    const open = (): ClientRequest =>
      url.protocol === 'https:'
        ? requestHttps(url, { ...settings, agent: agents.https })
        : requestHttp(url, { ...settings, agent: agents.http });
    const request = open();
    try {
      return await exchange(request, body, bounds);
    } catch (thrown) {
      // A kept connection that the other side closed meanwhile: the request was never looked at.
      if (request.reusedSocket && (thrown as { code?: string }).code === 'ECONNRESET') return exchange(open(), body, bounds);
      throw thrown;
    }
  };

  return {
    post: async (url, event, timeoutMs, signal) => {
      signal?.throwIfAborted();
      // Each request under way listens to it.
      if (signal !== undefined) setMaxListeners(0, signal);
      try {
        return await send(url, event, { timeoutMs, maxBytes: options.maxAnswerBytes, signal });
      } catch (thrown) {
        signal?.throwIfAborted();
        throw asCoded(thrown);
      }
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
};
