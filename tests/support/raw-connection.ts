// One TCP connection that sends bytes exactly as they are given and reads HTTP/1.1 answers: a client library would tidy both.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { takeResponse, type RawResponse } from './raw-response.ts';

export type { RawResponse } from './raw-response.ts';

/** `bodyless`: an answer to HEAD, whose length is that of the body that it has not. */
type ResponseOptions = { bodyless?: boolean; withinMs?: number };

export type RawConnection = {
  /** Resolves once the bytes are on their way, or the other side takes no more. */
  write(bytes: Buffer | string): Promise<void>;
  /** Reads nothing until `resume`: what arrives waits in the system's buffers. */
  pause(): void;
  resume(): void;
  /** Sends FIN and goes on reading: the peer sees the end of the request. */
  end(): void;
  /** The next answer. @throws when none comes in time, or the connection ends before one */
  response(options?: ResponseOptions): Promise<RawResponse>;
  /** Whether the other side closes the connection in time. */
  isClosed(withinMs?: number): Promise<boolean>;
  /** What has arrived and was not read as an answer. */
  unread(): Buffer;
  destroy(): void;
};

/** Far more than any answer takes, even where many share two cores: what is waited for in vain fails the case. */
const patienceMs = 50_000;

type State = { received: Buffer; ended: boolean; wake: () => void };

/** Waits until something arrives, the connection ends, or the deadline is there. */
const change = async (state: State, deadline: number): Promise<void> => {
  const stop = new AbortController();
  const arrived = new Promise<void>((resolve) => (state.wake = resolve));
  await Promise.race([arrived, sleep(Math.max(0, deadline - Date.now()), undefined, { signal: stop.signal, ref: false })]);
  stop.abort();
};

/** A deadline that fires after what it was for has come is no error. */
const quiet = (promise: Promise<unknown>): Promise<void> =>
  promise.then(
    () => undefined,
    () => undefined,
  );

export const openConnection = async (port: number): Promise<RawConnection> => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setNoDelay(true);
  const state: State = { received: Buffer.alloc(0), ended: false, wake: () => undefined };
  const over = (): void => {
    state.ended = true;
    state.wake();
  };
  // An answer that was sent before a reset is still an answer, so errors only end the connection.
  socket.on('error', over).on('end', over).on('close', over);
  socket.on('data', (bytes: Buffer) => {
    state.received = Buffer.concat([state.received, bytes]);
    state.wake();
  });
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return {
    // The callback also comes when the connection ends before they are sent.
    write: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    end: () => socket.end(),
    response: async ({ bodyless = false, withinMs = patienceMs } = {}) => {
      const deadline = Date.now() + withinMs;
      for (;;) {
        const taken = takeResponse(state.received, { bodyless, ended: state.ended });
        if (taken !== undefined) {
          state.received = taken.rest;
          return taken.response;
        }
        const read = state.received.toString('latin1', 0, 200);
        if (state.ended) throw new Error(`The connection ended without an answer; it had sent ${JSON.stringify(read)}`);
        if (Date.now() >= deadline) throw new Error(`No answer within ${withinMs} ms; there was ${JSON.stringify(read)}`);
        await quiet(change(state, deadline));
      }
    },
    isClosed: async (withinMs = patienceMs) => {
      const deadline = Date.now() + withinMs;
      while (!state.ended && Date.now() < deadline) await quiet(change(state, deadline));
      return state.ended;
    },
    unread: () => state.received,
    destroy: () => socket.destroy(),
  };
};

/** One request on a connection of its own, and its one answer. */
export const exchange = async (port: number, bytes: Buffer | string, options?: ResponseOptions): Promise<RawResponse> => {
  const connection = await openConnection(port);
  try {
    const [response] = await Promise.all([connection.response(options), connection.write(bytes)]);
    return response;
  } finally {
    connection.destroy();
  }
};
