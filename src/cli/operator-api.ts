// The dead letters' operator API, asked over HTTP.
import { Agent as HttpAgent, request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';

export type OperatorApi = {
  /**
   * @param answer the members of the answer that are looked at
   * @throws Refusal when the consumer says no, Unreachable when nobody answers
   */
  ask<Answer>(method: string, path: string, body?: unknown): Promise<Answer>;
  close(): void;
};

export type OperatorApiOptions = { url: URL; token?: string | undefined; operator: string; timeoutMs: number };

/** What was answered instead: the error's code, and its sentence. */
export class Refusal extends Error {
  readonly code: string;
  constructor(code: string, detail: string) {
    super(detail);
    this.name = 'Refusal';
    this.code = code;
  }
}

export class Unreachable extends Error {
  constructor(url: URL, cause: unknown) {
    super(`${url.origin} does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'Unreachable';
  }
}

const answerTo = (request: ClientRequest, body: string): Promise<{ status: number; text: string }> =>
  new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    request.end(body);
  });

const refusalOf = (status: number, text: string): Refusal => {
  try {
    const { code, detail } = (JSON.parse(text) ?? {}) as { code?: unknown; detail?: unknown };
    if (typeof code === 'string') return new Refusal(code, typeof detail === 'string' ? detail : text.slice(0, 200));
  } catch {
    // Somebody between here and the consumer answered.
  }
  return new Refusal(`HTTP ${status}`, text.slice(0, 200));
};

/** One connection for everything: behind a Kubernetes Service it leads to the same replica, and a redrive is known to only one. */
export const createOperatorApi = ({ url, token, operator, timeoutMs }: OperatorApiOptions): OperatorApi => {
  const isSecure = url.protocol === 'https:';
  const agent = isSecure ? new HttpsAgent({ keepAlive: true, maxSockets: 1 }) : new HttpAgent({ keepAlive: true, maxSockets: 1 });
  const headers = {
    'x-operator': operator,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  const send = async (method: string, path: string, body: string): Promise<{ status: number; text: string }> => {
    const signal = AbortSignal.timeout(timeoutMs);
    const options = { method, agent, signal, headers: { ...headers, 'content-length': Buffer.byteLength(body) } };
    try {
      const target = new URL(path, url);
      return await answerTo(isSecure ? requestHttps(target, options) : requestHttp(target, options), body);
    } catch (thrown) {
      throw new Unreachable(url, signal.aborted ? signal.reason : thrown);
    }
  };
  return {
    ask: async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
      const { status, text } = await send(method, path, body === undefined ? '' : JSON.stringify(body));
      if (status < 200 || status > 299) throw refusalOf(status, text);
      return JSON.parse(text) as Answer;
    },
    close: () => agent.destroy(),
  };
};
