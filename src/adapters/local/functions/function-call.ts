// One event to one replica over HTTP, and its reply: within a time, within a size, and gone when the caller gives up.
import { once } from 'node:events';
import { request, type Agent, type IncomingMessage } from 'node:http';
import { connectionHeaders } from '../../../core/connection-headers.ts';
import { CodedError } from '../../../core/errors.ts';
import type { HttpMessage } from '../../../core/http-binding.ts';
import type { Reply } from '../../../ports.ts';
import { gaveUp, unavailable } from '../../../core/function-failures.ts';

export type Address = { readonly port: number; readonly agent: Agent };

export const host = '127.0.0.1';
const replyLimitBytes = 10 * 2 ** 20;

/** Without what is about the connection to the replica, which ends here. */
const headersOf = (response: IncomingMessage): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !connectionHeaders.has(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
};

const tooLarge = (): CodedError =>
  // Permanent: the next try would run the function again for the same reply.
  new CodedError('FUNCTION_ERROR_PERMANENT', `The function's reply is larger than ${replyLimitBytes} bytes`);

const readBody = async (response: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > replyLimitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

type Request = {
  readonly method: string;
  readonly path: string;
  readonly headers: Record<string, string | number>;
  readonly body: Buffer;
};

/** Until the reply is whole, or `given` is aborted, whose reason is thrown then. */
const exchange = async (address: Address, { body, ...options }: Request, given: AbortController): Promise<Reply> => {
  const sent = request({ host, ...address, ...options, signal: given.signal });
  // What fails after the response began is told by the response; without a listener it would end the process.
  sent.on('error', () => undefined);
  // Nobody asked for it, and Node tells it neither as a response nor as an error.
  sent.on('upgrade', (_, socket) => {
    socket.destroy();
    given.abort(broken());
  });
  try {
    sent.end(body);
    const [response] = (await once(sent, 'response', { signal: given.signal })) as [IncomingMessage];
    return { status: response.statusCode ?? 0, headers: headersOf(response), body: await readBody(response) };
  } catch (thrown) {
    sent.destroy();
    throw given.signal.aborted ? given.signal.reason : thrown;
  }
};

const broken = (cause?: unknown): CodedError =>
  unavailable('The function ended, or broke the connection, before it answered', { cause });

/**
 * @param timeoutMs for the whole exchange; the wrapper's own deadline comes first unless it is stuck
 * @throws CodedError FUNCTION_UNAVAILABLE when the connection fails, FUNCTION_TIMEOUT, FUNCTION_ERROR_PERMANENT for a reply beyond the limit
 */
export const callFunction = async (
  address: Address,
  { headers, body }: HttpMessage,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Reply> => {
  if (signal.aborted) throw gaveUp(signal);
  const given = new AbortController();
  const abandon = (): void => given.abort(gaveUp(signal));
  const timer = setTimeout(
    () => given.abort(new CodedError('FUNCTION_TIMEOUT', 'The function did not answer in time')),
    timeoutMs,
  );
  signal.addEventListener('abort', abandon, { once: true });
  try {
    return await exchange(
      address,
      { method: 'POST', path: '/', headers: { ...headers, 'content-length': body.length }, body },
      given,
    );
  } catch (thrown) {
    throw thrown instanceof CodedError ? thrown : broken(thrown);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abandon);
  }
};

/** Whether `GET /readyz` answers 200 in time. */
export const isReady = async (address: Address, timeoutMs: number): Promise<boolean> => {
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), timeoutMs);
  try {
    return (
      (await exchange(address, { method: 'GET', path: '/readyz', headers: {}, body: Buffer.alloc(0) }, given)).status === 200
    );
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
};
