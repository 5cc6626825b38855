// A request's body, up to the limit.
import { Refusal } from './problem.mjs';

const empty = Buffer.alloc(0);

/**
 * Gathers a body; stops keeping it where it passes the limit, and lets the rest run out: an answer that is sent into the face of a
 * sender who is still sending may never be read.
 * @param {(refusal: Refusal | undefined, body?: Buffer) => void} done called once
 */
export function receive(request, limit, done) {
  const refuse = () => done(new Refusal('BODY_TOO_LARGE', `The body is larger than ${limit} bytes`, 'body'));
  if (Number(request.headers['content-length'] ?? 0) > limit) return refuse();
  let first = empty;
  let parts;
  let size = 0;
  request.on('data', (part) => {
    if (size > limit) return;
    if (size === 0) first = part;
    else (parts ??= [first]).push(part);
    size += part.length;
    if (size <= limit) return;
    first = empty;
    parts = undefined;
    refuse();
  });
  request.on('end', () => {
    if (size <= limit) done(undefined, parts === undefined ? first : Buffer.concat(parts, size));
  });
}
