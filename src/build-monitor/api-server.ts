// The Kubernetes API over node:https: three requests are all that the monitor makes, and a client library for all of Kubernetes
// would take more memory than the monitor may have.
import { readFile } from 'node:fs/promises';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as requestHttps } from 'node:https';
import { join } from 'node:path';

/** It answered, and not with success. */
export class ApiRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(`The API server answered ${status}${message === '' ? '' : `: ${message}`}`);
    this.name = 'ApiRefusal';
    this.status = status;
  }
}

export type Call = { maxBytes: number; timeoutMs: number; signal?: AbortSignal };
export type Follow = { maxLineBytes: number; idleMs: number; signal: AbortSignal };

export type ApiServer = {
  /** @throws ApiRefusal, or Error when there is no answer in time */
  get(path: string, call: Call): Promise<Buffer>;
  /** A JSON merge patch (RFC 7396). @throws like `get` */
  patch(path: string, body: object, call: Call): Promise<Buffer>;
  /** The answer's lines as they come, until the server or the signal ends it. @throws like `get` */
  lines(path: string, follow: Follow): AsyncGenerator<string>;
  close(): void;
};

export type ApiServerOptions = { host: string; port: number; credentialsFolder: string };

type Message = { method: 'GET' | 'PATCH'; path: string; body?: object; idleMs: number; signal: AbortSignal };

const responseTo = (request: ClientRequest, body: string | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('timeout', () => request.destroy(new Error('The API server is silent')));
    // The rest of an answer that is not read to its end.
    request.on('error', reject);
    request.end(body);
  });

/** What is beyond the limit is not read. */
const readBody = async (response: IncomingMessage, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > maxBytes) throw new Error(`The answer is longer than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks);
};

const wordsIn = (body: Buffer): string => {
  try {
    const { message } = JSON.parse(body.toString('utf8')) as { message?: unknown };
    return typeof message === 'string' ? message.slice(0, 300) : '';
  } catch {
    return '';
  }
};

async function* linesOf(response: IncomingMessage, maxLineBytes: number): AsyncGenerator<string> {
  response.setEncoding('utf8');
  let rest = '';
  for await (const chunk of response as AsyncIterable<string>) {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    yield* parts;
    if (rest.length > maxLineBytes) throw new Error(`A line is longer than ${maxLineBytes} bytes`);
  }
}

export const createApiServer = ({ host, port, credentialsFolder }: ApiServerOptions): ApiServer => {
  const agent = new Agent({ keepAlive: true, keepAliveMsecs: 20_000, maxSockets: 4 });

  /** Both files are read for each request: the kubelet writes a new token long before the old one ends (every hour at most). */
  const send = async ({ method, path, body, idleMs, signal }: Message): Promise<IncomingMessage> => {
    const [token, ca] = await Promise.all(
      ['token', 'ca.crt'].map((file) => readFile(join(credentialsFolder, file), { encoding: 'utf8', signal })),
    );
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      authorization: `Bearer ${token?.trim() ?? ''}`,
      accept: 'application/json',
      'user-agent': 'knative-lambda-build-monitor',
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/merge-patch+json', 'content-length': String(Buffer.byteLength(text)) }),
    };
    const request = requestHttps({ host, port, path, method, headers, ca, agent, signal, timeout: idleMs });
    // A server that is gone without a word is found by its silence on the wire, also while nothing is to be said.
    request.on('socket', (socket) => socket.setKeepAlive(true, 20_000));
    const response = await responseTo(request, text);
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status <= 299) return response;
    const words = await readBody(response, 65_536).catch(() => Buffer.alloc(0));
    throw new ApiRefusal(status, wordsIn(words));
  };

  const call = async (message: Pick<Message, 'method' | 'path' | 'body'>, options: Call): Promise<Buffer> => {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
    return readBody(await send({ ...message, idleMs: options.timeoutMs, signal }), options.maxBytes);
  };

  return {
    get: (path, options) => call({ method: 'GET', path }, options),
    patch: (path, body, options) => call({ method: 'PATCH', path, body }, options),
    lines: async function* (path, { maxLineBytes, idleMs, signal }) {
      yield* linesOf(await send({ method: 'GET', path, idleMs, signal }), maxLineBytes);
    },
    close: () => agent.destroy(),
  };
};
