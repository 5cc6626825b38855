// One event to one replica over HTTP, and its reply: within a time, within a size, and gone when the caller gives up.
import { once } from 'node:events';
import { request, type Agent, type ClientRequest, type IncomingMessage } from 'node:http';
import { CodedError } from '../../core/errors.ts';
import type { HttpMessage } from '../../core/http-binding.ts';
import type { Reply } from '../../ports.ts';
import { gaveUp, unavailable } from './function-failures.ts';

export type Address = { readonly port: number; readonly agent: Agent };

export const host = '127.0.0.1';
export const replyLimitBytes = 10 * 2 ** 20;

/** RFC 9110, section 7.6.1: they speak about the connection to the replica, which ends here. */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const headersOf = (response: IncomingMessage): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !hopByHop.has(name)) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
};

const tooLarge = (): CodedError =>
  // Permanent: the next try would run the function again for the same reply.
  new CodedError('FUNCTION_ERROR_PERMANENT', `The function's reply is larger than ${replyLimitBytes} bytes`);

const readBody = async (response: IncomingMessage): Promise<Buffer> => {
  if (Number(response.headers['content-length'] ?? 0) > replyLimitBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > replyLimitBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const replyTo = async (sent: ClientRequest): Promise<Reply> => {
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, headers: headersOf(response), body: await readBody(response) };
};

/**
 * @param timeoutMs for the whole exchange; the wrapper's own deadline comes first unless it is stuck
 * @throws CodedError FUNCTION_UNAVAILABLE when the connection fails, FUNCTION_TIMEOUT, FUNCTION_ERROR_PERMANENT for a reply beyond the limit
 */
export const callFunction = async (
  address: Address,
  message: HttpMessage,
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
  const headers = { ...message.headers, 'content-length': message.body.length };
  const sent = request({ host, ...address, method: 'POST', path: '/', headers, signal: given.signal });
  // What fails after the response began is told by the response; without a listener it would end the process.
  sent.on('error', () => undefined);
  try {
    sent.end(message.body);
    return await replyTo(sent);
  } catch (cause) {
    sent.destroy();
    if (given.signal.aborted) throw given.signal.reason;
    if (cause instanceof CodedError) throw cause;
    throw unavailable('The function ended, or broke the connection, before it answered', { cause });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abandon);
  }
};

/** Whether `GET /readyz` answers 200 in time. */
export const isReady = async (address: Address, timeoutMs: number): Promise<boolean> => {
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), timeoutMs);
  const sent = request({ host, ...address, path: '/readyz', signal: given.signal });
  sent.on('error', () => undefined);
  try {
    sent.end();
    return (await replyTo(sent)).status === 200;
  } catch {
    sent.destroy();
    return false;
  } finally {
    clearTimeout(timer);
  }
};
