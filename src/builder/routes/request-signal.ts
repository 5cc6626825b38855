// What waits on behalf of a request ends with it, or soon after the server begins to close: an open log would keep the process alive.
import type { FastifyInstance, FastifyReply } from 'fastify';
import { CodedError } from '../../core/errors.ts';

export type RequestSignal = (reply: FastifyReply) => AbortSignal;

/** @param graceMs between the server's closing and the end of what is still waited for */
export const createRequestSignal = (app: FastifyInstance, graceMs: number): RequestSignal => {
  const closing = new AbortController();
  app.addHook('preClose', (done) => {
    setTimeout(
      () => closing.abort(new CodedError('STOPPING', 'The process is stopping', { retryAfterSeconds: 5 })),
      graceMs,
    ).unref();
    done();
  });
  return (reply) => {
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    return AbortSignal.any([gone.signal, closing.signal]);
  };
};
