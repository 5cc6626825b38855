// The connection to the Redis that all replicas share. Whoever asks it is answered within `answerMs`, by Redis or by nobody.
// ioredis and not redis: it can be told to keep no queue while the connection is away and to give up on a socket that is silent.
import { Redis, type Result } from 'ioredis';
import type { Logger } from '../../ops/logger.ts';
import { createAbsence } from './absence.ts';
import { takeToken } from './take-token.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    takeToken(key: string, tokenMicroseconds: number, burst: number): Result<[number, number, number], Context>;
  }
}

const answerMs = 200;
/** A peer that vanished without a word: the connection is given up and opened anew. */
const silentMs = 2_000;

export type Taken = { allowed: boolean; remaining: number; retryAfterMs: number };

export type RedisConnection = {
  /** One token of the bucket. `undefined`: Redis is away, and nobody knows. Never throws. */
  take(key: string, tokenMicroseconds: number, burst: number): Promise<Taken | undefined>;
  /** Whether limits are shared just now. */
  answers(): boolean;
  close(): void;
};

const open = (url: string): Redis =>
  new Redis(url, {
    scripts: { takeToken: { lua: takeToken, numberOfKeys: 1 } },
    commandTimeout: answerMs,
    connectTimeout: silentMs,
    socketTimeout: silentMs,
    disconnectTimeout: answerMs,
    retryStrategy: (tries) => Math.min(500 * tries, 2_000),
    // Who asked has gone on without an answer, so a question that is repeated would take a token for nobody.
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
  });

/** @param url with user and password, if it asks for them; connects by itself, and again whenever it has to */
export const connectRedis = (url: string, logger: Logger): RedisConnection => {
  const client = open(url);
  const absence = createAbsence(logger);
  const state = { closed: false, leaving: false };
  const failed = (error: unknown): void => {
    if (!state.closed) absence.failed(error);
  };
  /** After a failover behind the same name, the connection may still be that to the old primary. Many may find out at once. */
  const leaveReplica = (error: unknown): void => {
    if (state.leaving || !(error instanceof Error && error.message.startsWith('READONLY'))) return;
    state.leaving = true;
    client.disconnect(true);
  };
  const ask = async (...question: [key: string, tokenMicroseconds: number, burst: number]): Promise<Taken | undefined> => {
    try {
      const [allowed, remaining, retryAfterMs] = await client.takeToken(...question);
      absence.answered();
      return { allowed: allowed === 1, remaining, retryAfterMs };
    } catch (error) {
      failed(error);
      leaveReplica(error);
      return undefined;
    }
  };
  client.on('error', failed);
  // A login is no proof: one that is full, or has become a replica, takes connections as well. The bucket is gone after a millisecond.
  client.on('ready', () => {
    state.leaving = false;
    void ask('knative-lambda:limit:probe', 1, 1);
  });

  return {
    take: async (...question) => (client.status === 'ready' && absence.mayAsk() ? ask(...question) : undefined),
    answers: () => client.status === 'ready' && !absence.isAway(),
    close: () => {
      state.closed = true;
      client.disconnect();
    },
  };
};
