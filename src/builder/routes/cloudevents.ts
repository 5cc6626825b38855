// The door: POST /cloudevents in the three modes of the HTTP binding, and the webhook handshake before it.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CloudEvent } from '../../core/cloudevent.ts';
import { rejectionOf } from '../../core/emitted.ts';
import { CodedError } from '../../core/errors.ts';
import { readRequest, type Received } from '../../core/http-binding.ts';
import { createGathering } from '../../ops/gather-requests.ts';
import { asCodedError, idsOf, sendProblem } from '../../ops/refusals.ts';
import { contentTypeIn } from '../../ops/request-head.ts';
import type { Accept } from '../accept.ts';
import type { BuilderMetrics } from '../metrics.ts';
import { rejectionOfRequest } from '../unreadable.ts';
import { answer, answerRejected, answerResults, refusedResult, resultOf, type Result } from './event-answers.ts';

type Deps = {
  accept: Accept;
  metrics: BuilderMetrics;
  now: () => number;
  /** What the webhook handshake promises. */
  eventsPerMinute: number;
};

/** The specification's path first; the others for senders that were there before. */
export const eventPaths = ['/cloudevents', '/', '/events'] as const;

const firstOf = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

const headersOf = (request: FastifyRequest) => ({
  correlationId: firstOf(request.headers['x-correlation-id']),
  traceparent: firstOf(request.headers.traceparent),
});

/** One after the other: a batch may build a function and delete it again. */
const answerBatch = async (
  deps: Deps,
  request: FastifyRequest,
  reply: FastifyReply,
  events: (CloudEvent | CodedError)[],
): Promise<FastifyReply> => {
  const results: Result[] = [];
  for (const event of events) {
    if (event instanceof CodedError) {
      deps.metrics.errorAnswered(event.code);
      results.push(refusedResult(event, idsOf(request.headers)));
    } else {
      results.push(resultOf(await deps.accept(event, headersOf(request))));
    }
  }
  return answerResults(reply, results);
};

/** RFC 9110, section 8.4: a body under a coding that nobody undoes would be taken for broken data. */
const checkEncoding = (encoding: string | undefined): void => {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return;
  throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'The body must not have a Content-Encoding', { field: 'content-encoding' });
};

const read = ({ raw, body, headers }: FastifyRequest): Received => {
  checkEncoding(headers['content-encoding']);
  return readRequest(raw.rawHeaders, contentTypeIn(raw.rawHeaders), Buffer.isBuffer(body) ? body : Buffer.alloc(0));
};

const isFromBroker = (request: FastifyRequest): boolean => (request.query as Record<string, unknown>).delivery === 'broker';

/** An answer has room for one reply event, so a batch from a broker could not be refused in part. */
const onlyOne = (received: Received): CloudEvent => {
  if (received.mode !== 'batch') return received.event;
  throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'A broker delivers one event, not a batch', { field: 'content-type' });
};

const postFromBroker = async (deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  const event = onlyOne(read(request));
  const accepted = await deps.accept(event, headersOf(request));
  if (!('error' in accepted) || accepted.error.retryable) return answer(reply, accepted);
  const { ref, origin, error } = accepted;
  return answerRejected(reply, rejectionOf(event, ref, origin, error, deps.now()));
};

const post = async (deps: Deps, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
  if (isFromBroker(request)) return postFromBroker(deps, request, reply);
  const received = read(request);
  if (received.mode === 'batch') return answerBatch(deps, request, reply, received.events);
  return answer(reply, await deps.accept(received.event, headersOf(request)));
};

/** What never became an event: also a body that the server itself refused, before the route saw it. */
const refuse = (deps: Deps, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const error = asCodedError(thrown);
  deps.metrics.errorAnswered(error.code);
  if (error.retryable) throw thrown;
  if (isFromBroker(request)) return answerRejected(reply, rejectionOfRequest(request, error, deps.now()));
  return sendProblem(reply, error, idsOf(request.headers));
};

/** CloudEvents webhook 1.0, section 4: any origin may send, at the rate that the tenant's limit allows. */
const handshake = (deps: Deps, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
  const origin = firstOf(request.headers['webhook-request-origin']);
  reply.header('allow', 'OPTIONS, POST');
  if (origin !== undefined) {
    const allowed = /^[\w.:-]{1,253}$/.test(origin) ? origin : '*';
    reply.headers({ 'webhook-allowed-origin': allowed, 'webhook-allowed-rate': String(deps.eventsPerMinute) });
  }
  return reply.code(200).send();
};

export const addEventRoutes = (app: FastifyInstance, deps: Deps): void => {
  const preHandler = createGathering();
  for (const path of eventPaths) {
    app.post(path, {
      preHandler,
      handler: (request, reply) => post(deps, request, reply),
      errorHandler: (error, request, reply) => {
        refuse(deps, error, request, reply);
      },
    });
    app.options(path, (request, reply) => handshake(deps, request, reply));
  }
};
