// A request's body as one buffer. A chunk of one byte costs a hundred bytes while it is kept, so chunks are copied together as they
// come: what a body holds in memory follows its length, never the number of its chunks.
import type { FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { CodedError } from '../core/errors.ts';

/** Room doubles from here with what has come: a Content-Length alone is a claim. */
const firstRoom = 4 * 2 ** 10;

const tooLarge = (): CodedError =>
  new CodedError('BODY_TOO_LARGE', 'The body is larger than this server takes', { field: 'body' });

const wrongLength = (): CodedError =>
  new CodedError('MALFORMED_REQUEST', 'The body is not as long as its Content-Length says', { field: 'content-length' });

const nothing = Buffer.alloc(0);

type Gathered = { readonly length: number; add(chunk: Buffer): void; whole(): Buffer };

/** @param most what will come, or may come at most */
const gather = (most: number): Gathered => {
  let held: Buffer = nothing;
  let length = 0;
  const makeRoom = (needed: number): void => {
    if (needed <= held.length) return;
    const room = Buffer.allocUnsafe(Math.max(needed, Math.min(most, Math.max(firstRoom, needed * 2))));
    held.copy(room, 0, 0, length);
    held = room;
  };
  return {
    get length() {
      return length;
    },
    add: (chunk) => {
      // Most bodies are one chunk, used as it is.
      if (length === 0) held = chunk;
      else {
        makeRoom(length + chunk.length);
        chunk.copy(held, length);
      }
      length += chunk.length;
    },
    whole: () => held.subarray(0, length),
  };
};

type Done = (error: Error | null, body?: Buffer) => void;

/** As Fastify's own reads it: a broken body is answered, and what is left of it is not read. */
export const createBodyReader =
  (limitBytes: number) =>
  (request: FastifyRequest, payload: Readable, done: Done): void => {
    const said = Number(request.headers['content-length'] ?? NaN);
    if (said > limitBytes) {
      done(tooLarge());
      return;
    }
    const body = gather(Number.isNaN(said) ? limitBytes : said);

    const onData = (chunk: Buffer): void => {
      if (body.length + chunk.length > limitBytes) end(tooLarge());
      else body.add(chunk);
    };
    const onEnd = (): void => {
      if (Number.isNaN(said) || body.length === said) end(null, body.whole());
      else end(wrongLength());
    };
    const onError = (error: Error): void => end(error);
    const end: Done = (error, whole) => {
      payload.removeListener('data', onData);
      payload.removeListener('end', onEnd);
      payload.removeListener('error', onError);
      done(error, whole);
    };
    payload.on('data', onData);
    payload.on('end', onEnd);
    payload.on('error', onError);
    payload.resume();
  };
