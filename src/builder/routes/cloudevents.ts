// The door: POST /cloudevents in the three modes of the HTTP binding, and the webhook handshake before it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CloudEvent } from '../../core/cloudevent.ts';
import { platformSource, rejectionOf, type Origin } from '../../core/emitted.ts';
import { CodedError, toCodedError } from '../../core/errors.ts';
import { readRequest, writeBinary, type Received } from '../../core/http-binding.ts';
import { newTrace, formatTraceparent } from '../../core/trace-context.ts';
import { problemOf } from '../../ops/problem.ts';
import { idsOf, sendProblem } from '../../ops/server.ts';
import type { Accept, Accepted } from '../accept.ts';
import type { BuilderMetrics } from '../metrics.ts';
import { bodyOf, httpStatusOf } from '../outcome.ts';

type Deps = { accept: Accept; metrics: BuilderMetrics; now: () => number };

/** The specification's path first; the others for senders that were there before. */
export const eventPaths = ['/cloudevents', '/', '/events'] as const;

const traceIdOf = ({ traceparent }: Origin): string => traceparent.slice(3, 35);
const firstOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const headersOf = (request: FastifyRequest) => ({
  correlationId: firstOf(request.headers['x-correlation-id']),
  traceparent: firstOf(request.headers.traceparent),
});

const quotaHeaders = ({ verdict }: Accepted): Record<string, string> =>
  verdict === undefined ? {} : { 'ratelimit-limit': String(verdict.limit), 'ratelimit-remaining': String(verdict.remaining) };

const answer = (reply: FastifyReply, accepted: Accepted): FastifyReply => {
  const { origin } = accepted;
  reply.headers({ 'x-correlation-id': origin.correlationId, traceparent: origin.traceparent, ...quotaHeaders(accepted) });
  if ('error' in accepted)
    return sendProblem(reply, accepted.error, { correlationId: origin.correlationId, traceId: traceIdOf(origin) });
  return reply
    .code(httpStatusOf(accepted.outcome))
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(bodyOf(accepted.outcome, origin.correlationId)));
};

/** A broker drops what it gets a 4xx for. So what can never succeed is answered as an event that a trigger takes to the dead letters. */
const answerRejected = (reply: FastifyReply, rejection: CloudEvent): FastifyReply => {
  const { headers, body } = writeBinary(rejection);
  return reply.code(200).headers(headers).send(body);
};

const resultOf = (result: Accepted): { status: number; body: Record<string, unknown> } => {
  const { origin } = result;
  if ('outcome' in result) return { status: httpStatusOf(result.outcome), body: bodyOf(result.outcome, origin.correlationId) };
  const { status, body } = problemOf(result.error, { correlationId: origin.correlationId, traceId: traceIdOf(origin) });
  return { status, body };
};

/** One after the other: a batch may build a function and delete it again. */
const answerBatch = async (
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  events: (CloudEvent | CodedError)[],
): Promise<FastifyReply> => {
  const results: { status: number; body: Record<string, unknown> }[] = [];
  for (const event of events) {
    if (event instanceof CodedError) {
      deps.metrics.errorAnswered(event.code);
      const { status, body } = problemOf(event);
      results.push({ status, body });
    } else {
      results.push(resultOf(await deps.accept(event, headersOf(request))));
    }
  }
  const status = results.every((result) => result.status < 300) ? 200 : 207;
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(results.map(({ status: code, body }) => ({ http_status: code, ...body }))));
};

const read = (request: FastifyRequest): Received => {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return readRequest(request.raw.rawHeaders, request.headers['content-type'], body);
};

/** What a broker delivered and nobody can read is kept as it came. */
const rejectUnreadable = (deps: Deps, request: FastifyRequest, reply: FastifyReply, error: CodedError): FastifyReply => {
  const ids = idsOf(request.headers);
  const cause = { source: platformSource, id: firstOf(request.headers['ce-id']) ?? request.id };
  const origin = { cause, correlationId: ids.correlationId ?? request.id, traceparent: formatTraceparent(newTrace()) };
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  return answerRejected(
    reply,
    rejectionOf({ bytes, contentType: request.headers['content-type'] }, undefined, origin, error, deps.now()),
  );
};

const post = async (deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const fromBroker = (request.query as Record<string, unknown>).delivery === 'broker';
  let received: Received;
  try {
    received = read(request);
  } catch (thrown) {
    const error = toCodedError(thrown);
    deps.metrics.errorAnswered(error.code);
    if (fromBroker && !error.retryable) return rejectUnreadable(deps, request, reply, error);
    throw error;
  }
  if (received.mode === 'batch') return answerBatch(deps, request, reply, received.events);
  const accepted = await deps.accept(received.event, headersOf(request));
  if (fromBroker && 'error' in accepted && !accepted.error.retryable) {
    return answerRejected(reply, rejectionOf(received.event, accepted.ref, accepted.origin, accepted.error, deps.now()));
  }
  return answer(reply, accepted);
};

/** CloudEvents webhook 1.0, section 4: any origin may send, at the rate the limits allow. */
const handshake = (request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const origin = firstOf(request.headers['webhook-request-origin']);
  reply.header('allow', 'OPTIONS, POST');
  if (origin !== undefined)
    reply.headers({ 'webhook-allowed-origin': /^[\w.:-]{1,253}$/.test(origin) ? origin : '*', 'webhook-allowed-rate': '600' });
  return reply.code(200).send();
};

export const addEventRoutes = (app: FastifyInstance, deps: Deps): void => {
  for (const path of eventPaths) {
    app.post(path, (request, reply) => post(deps, request, reply));
    app.options(path, handshake);
  }
};
