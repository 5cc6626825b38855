// One request to the API server and its answer, over node:http or node:https.
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps, type RequestOptions } from 'node:https';
import type { Connection } from './connection.ts';

export type Message = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As `pathOf` of objects.ts makes it. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of the body; by default that of plain JSON. */
  readonly contentType?: string;
  readonly accept?: string;
};

const urlOf = (server: URL, { path, query = {} }: Message): URL => {
  // The server may stand below a path of a proxy.
  const url = new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value));
  return url;
};

const responseTo = (request: ClientRequest, body: string | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.on('response', resolve);
    // Stays: an error that comes while the answer is read is told by the answer.
    request.on('error', reject);
    request.end(body);
  });

/** Resolves with the head of the answer; its body is the caller's to read or to destroy. */
export const exchange = async (connection: Connection, message: Message, signal: AbortSignal): Promise<IncomingMessage> => {
  const { server, options: given } = await connection.target();
  signal.throwIfAborted();
  const body = message.body === undefined ? undefined : JSON.stringify(message.body);
  const options: RequestOptions = {
    ...given,
    method: message.method,
    signal,
    headers: {
      ...given.headers,
      accept: message.accept ?? 'application/json',
      'user-agent': 'knative-lambda',
      ...(body === undefined
        ? {}
        : { 'content-type': message.contentType ?? 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
    },
  };
  const url = urlOf(server, message);
  const request = url.protocol === 'http:' ? requestHttp(url, options) : requestHttps(url, options);
  // A server that is gone without a word is found by the silence on the wire.
  request.on('socket', (socket) => socket.setKeepAlive(true, 20_000));
  return responseTo(request, body);
};

export const readText = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Error(`The answer is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};
