// A request's body, up to the limit.
import { Refusal } from './problem.mjs';

const empty = Buffer.alloc(0);
const smallestRoom = 16 * 1024;

/**
 * One buffer that grows: a list of parts would take a hundred times the body's size when a sender makes every byte a part.
 * What is announced but has not come takes no room either.
 */
class Gathered {
  room = empty;
  size = 0;

  constructor(most) {
    this.most = most;
  }

  add(part) {
    const size = this.size + part.length;
    if (size > this.room.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.most, Math.max(2 * size, smallestRoom)));
      larger.set(this.all());
      this.room = larger;
    }
    this.room.set(part, this.size);
    this.size = size;
  }

  all() {
    return this.room.subarray(0, this.size);
  }
}

/**
 * Gathers a body; stops keeping it where it passes the limit, and lets the rest run out: an answer that is sent into the face of a
 * sender who is still sending may never be read.
 * @param {(refusal: Refusal | undefined, body?: Buffer) => void} done called once
 */
export function receive(request, limit, done) {
  const refuse = () => done(new Refusal('BODY_TOO_LARGE', `The body is larger than ${limit} bytes`, 'body'));
  const announced = Number(request.headers['content-length'] ?? limit);
  if (announced > limit) return refuse();
  let first = empty;
  let gathered;
  let size = 0;
  request.on('data', (part) => {
    if (size > limit) return;
    size += part.length;
    if (size > limit) {
      first = empty;
      gathered = undefined;
      return refuse();
    }
    if (size === part.length) {
      first = part; // usually all of it
      return;
    }
    if (gathered === undefined) {
      gathered = new Gathered(announced);
      gathered.add(first);
    }
    gathered.add(part);
  });
  request.on('end', () => {
    if (size <= limit) done(undefined, gathered === undefined ? first : gathered.all());
  });
}
