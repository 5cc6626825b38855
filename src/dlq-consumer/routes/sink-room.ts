// How much of what senders bring is in memory: a request is counted before its body is read, and until RabbitMQ has it or has refused it.
// The answer is no end: after the time for a confirm the sender is told to come again, and the bytes still wait to be written.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '../../core/errors.ts';
import { createRoom } from '../room.ts';

export type SinkRoom = {
  /** @throws CodedError DEAD_LETTERS_FULL */
  enter(request: FastifyRequest, reply: FastifyReply): void;
  /** Keeps the request's place until then. */
  stay(request: FastifyRequest, settled: Promise<unknown>): void;
};

/** A body that does not say how long it is may be as long as any. */
const bytesOf = ({ headers, raw: { rawHeaders } }: FastifyRequest, bodyLimitBytes: number): number => {
  const length = Number(headers['content-length'] ?? NaN);
  const body = Number.isSafeInteger(length) ? Math.min(length, bodyLimitBytes) : bodyLimitBytes;
  return rawHeaders.reduce((sum, text) => sum + text.length, body);
};

export const createSinkRoom = (limitBytes: number, bodyLimitBytes: number): SinkRoom => {
  const room = createRoom(limitBytes, 0);
  const places = new WeakMap<FastifyRequest, () => void>();
  return {
    enter: (request, reply) => {
      const leave = room.enter(bytesOf(request, bodyLimitBytes));
      if (leave === undefined)
        throw new CodedError('DEAD_LETTERS_FULL', 'Too many letters are on their way to the queue', { retryAfterSeconds: 5 });
      places.set(request, leave);
      // Refused, or given up by its sender, before there was anything to publish.
      reply.raw.once('close', () => places.get(request)?.());
    },
    stay: (request, settled) => {
      const leave = places.get(request);
      places.delete(request);
      if (leave !== undefined) void settled.then(leave, leave);
    },
  };
};
