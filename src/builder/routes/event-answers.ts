// How what became of an event is told: to a client, in a batch, and to a broker.
import type { FastifyReply } from 'fastify';
import type { CloudEvent } from '../../core/cloudevent.ts';
import type { Origin } from '../../core/emitted.ts';
import type { CodedError } from '../../core/errors.ts';
import { writeEvent } from '../../core/http-binding.ts';
import { problemOf, type RequestIds } from '../../ops/problem.ts';
import { sendProblem } from '../../ops/refusals.ts';
import type { Accepted } from '../accept.ts';
import { bodyOf, httpStatusOf } from '../outcome.ts';

const requestIds = ({ correlationId, traceparent }: Origin): RequestIds => ({
  correlationId,
  traceId: traceparent.slice(3, 35),
});

const quotaHeaders = ({ verdict }: Accepted): Record<string, string> =>
  verdict === undefined ? {} : { 'ratelimit-limit': String(verdict.limit), 'ratelimit-remaining': String(verdict.remaining) };

export const answer = (reply: FastifyReply, accepted: Accepted): FastifyReply => {
  const { origin } = accepted;
  reply.headers({ 'x-correlation-id': origin.correlationId, traceparent: origin.traceparent, ...quotaHeaders(accepted) });
  if ('error' in accepted) return sendProblem(reply, accepted.error, requestIds(origin));
  return reply
    .code(httpStatusOf(accepted.outcome))
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(accepted.outcome, origin.correlationId)));
};

/** A broker drops what it gets a 4xx for. So what can never succeed is answered as an event that a trigger takes to the dead letters. */
export const answerRejected = (reply: FastifyReply, rejection: CloudEvent): FastifyReply => {
  const { headers, body } = writeEvent(rejection);
  return reply.code(200).headers(headers).send(body);
};

export type Result = { status: number; body: Record<string, unknown> };

/** In a batch there are no headers for each event, so when to come back stands in its result. */
export const refusedResult = (error: CodedError, ids: RequestIds): Result => {
  const { status, headers, body } = problemOf(error, ids);
  const after = headers['retry-after'];
  return { status, body: after === undefined ? body : { ...body, retry_after_seconds: Number(after) } };
};

export const resultOf = (accepted: Accepted): Result => {
  const { origin } = accepted;
  if ('error' in accepted) return refusedResult(accepted.error, requestIds(origin));
  return { status: httpStatusOf(accepted.outcome), body: bodyOf(accepted.outcome, origin.correlationId) };
};

export const answerResults = (reply: FastifyReply, results: readonly Result[]): FastifyReply =>
  reply
    .code(results.every(({ status }) => status < 300) ? 200 : 207)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(results.map(({ status, body }) => ({ http_status: status, ...body }))));
