// What Node's parser lets through of a request's head and RFC 9112 does not. Two readers that understand one head differently are
// how a request is smuggled, so whatever is not plain is refused, and the connection ends with the answer.
import type { IncomingMessage } from 'node:http';
import { CodedError } from '../core/errors.ts';

const refuse = (field: string, message: string): never => {
  throw new CodedError('MALFORMED_REQUEST', message, { field });
};

/** Section 3.2: exactly one Host. HTTP/1.0 had none yet. */
const checkHost = (count: number, version: string): void => {
  if (count > 1) refuse('host', 'The Host header is given twice (RFC 9112, section 3.2)');
  if (count === 0 && version !== '1.0') refuse('host', 'The Host header is missing (RFC 9112, section 3.2)');
};

/** @throws CodedError MALFORMED_REQUEST naming the header and the rule */
export const checkHead = ({ rawHeaders, headers, httpVersion }: IncomingMessage): void => {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    refuse('version', `HTTP/${httpVersion} is not spoken on this connection; HTTP/1.1 is`);
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  checkHost(hosts, httpVersion);
  const coding = headers['transfer-encoding'];
  // Section 6.1: the body of any other coding could not be read, and a gateway in front may have read it.
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    refuse('transfer-encoding', 'Of the transfer codings only "chunked" is taken (RFC 9112, section 6.1)');
};

/**
 * The media type of the body, `undefined` when there is none. Node keeps the first of two; the event's data would have two types.
 * @throws CodedError DUPLICATE_ATTRIBUTE
 */
export const contentTypeIn = (rawHeaders: readonly string[]): string | undefined => {
  let found: string | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length !== 12 || name.toLowerCase() !== 'content-type') continue;
    if (found !== undefined)
      throw new CodedError('DUPLICATE_ATTRIBUTE', 'The Content-Type header is given twice', { field: 'content-type' });
    found = rawHeaders[i + 1];
  }
  return found === '' ? undefined : found;
};
