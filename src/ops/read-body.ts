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

/** What has come of a body: the first `length` bytes of `held`. */
type Body = { held: Buffer; length: number };

const nothing = Buffer.alloc(0);

/** @param most what will come, or may come at most */
const append = (body: Body, chunk: Buffer, most: number): void => {
  const needed = body.length + chunk.length;
  // Most bodies are one chunk, used as it is.
  if (body.length === 0) body.held = chunk;
  else {
    if (needed > body.held.length) {
      const room = Buffer.allocUnsafe(Math.max(needed, Math.min(most, Math.max(firstRoom, needed * 2))));
      body.held.copy(room, 0, 0, body.length);
      body.held = room;
    }
    chunk.copy(body.held, body.length);
  }
  body.length = needed;
};

type Done = (error: Error | null, body?: Buffer) => void;

/** As Fastify's own reads it: a broken body is answered, and what is left of it is not read. */
export const createBodyReader =
  (limitBytes: number) =>
  (request: FastifyRequest, payload: Readable, done: Done): void => {
    const header = request.headers['content-length'];
    const said = header === undefined ? undefined : Number(header);
    if (said !== undefined && said > limitBytes) {
      done(tooLarge());
      return;
    }
    const body: Body = { held: nothing, length: 0 };

    const onData = (chunk: Buffer): void => {
      if (body.length + chunk.length > limitBytes) end(tooLarge());
      else append(body, chunk, said ?? limitBytes);
    };
    /** Also of an error of the stream. */
    const end = (error?: Error): void => {
      payload.removeListener('data', onData);
      payload.removeListener('end', end);
      payload.removeListener('error', end);
      if (error !== undefined) done(error);
      else if (said !== undefined && body.length !== said) done(wrongLength());
      else done(null, body.length === body.held.length ? body.held : body.held.subarray(0, body.length));
    };
    payload.on('data', onData);
    payload.on('end', end);
    payload.on('error', end);
    payload.resume();
  };
