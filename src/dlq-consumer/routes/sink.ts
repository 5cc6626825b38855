// Where Knative posts its dead letters (`deadLetterSink`). 202 is a promise: every letter of the request is durably in the queue.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { CloudEvent } from '../../core/cloudevent.ts';
import { CodedError } from '../../core/errors.ts';
import { readRequest } from '../../core/http-binding.ts';
import { unreadableLetterOf } from '../../core/letter-intake.ts';
import type { DeadLetter, RawMessage } from '../../core/letter.ts';
import type { LetterFlow } from '../../core/letter-flow.ts';
import { contentTypeIn } from '../../ops/request-head.ts';
import type { DlqMetrics } from '../metrics.ts';
import type { SinkRoom } from './sink-room.ts';

type Deps = {
  flow: Pick<LetterFlow, 'accept' | 'acceptLetter'>;
  /** Why no more letters are taken: the queue is full, and pushing the oldest out would be worse than letting the sender wait. */
  full: () => boolean;
  /** For the broker's confirm. */
  confirmTimeoutMs: number;
  room: SinkRoom;
  metrics: DlqMetrics;
  now: () => number;
};

/** What says something about the event. Credentials never become part of a letter. */
const keptHeader = /^(?:ce-.*|content-encoding|user-agent|traceparent)$/;

const rawOf = (request: FastifyRequest, bytes: Buffer): RawMessage => {
  const { rawHeaders } = request.raw;
  const headers = new Map<string, string>();
  let contentType: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]?.toLowerCase() ?? '', rawHeaders[i + 1] ?? ''];
    if (name === 'content-type') contentType ??= value;
    else if (keptHeader.test(name)) headers.set(name, headers.has(name) ? `${headers.get(name) ?? ''}, ${value}` : value);
  }
  return { bytes, ...(contentType === undefined ? {} : { contentType }), headers: Object.fromEntries(headers) };
};

/** A broken event of a batch is a letter of its own; its neighbours are read. */
const contentsOf = (request: FastifyRequest, now: number): (CloudEvent | DeadLetter)[] => {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  try {
    const received = readRequest(request.raw.rawHeaders, contentTypeIn(request.raw.rawHeaders), bytes);
    if (received.mode !== 'batch') return [received.event];
    const events = received.events.filter((event): event is CloudEvent => !(event instanceof CodedError));
    const broken = received.events.find((event) => event instanceof CodedError);
    // Which bytes were the broken one's is not known any more: the whole batch is kept once, for a person.
    return broken === undefined ? events : [...events, unreadableLetterOf(rawOf(request, bytes), broken, { now })];
  } catch (thrown) {
    return [unreadableLetterOf(rawOf(request, bytes), thrown, { now })];
  }
};

const isEvent = (content: CloudEvent | DeadLetter): content is CloudEvent => 'specversion' in content;

const within = async (work: Promise<unknown>, ms: number): Promise<void> => {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => late.reject(new CodedError('BROKER_UNAVAILABLE', 'The broker did not confirm in time', { retryAfterSeconds: 5 })),
    ms,
  );
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
};

export const addSinkRoute = (app: FastifyInstance, { flow, full, confirmTimeoutMs, room, metrics, now }: Deps): void => {
  const onRequest = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    if (full()) throw new CodedError('DEAD_LETTERS_FULL', 'The dead-letter queue is full', { retryAfterSeconds: 10 });
    room.enter(request, reply);
    done();
  };
  app.post('/dead-letters', { onRequest }, async (request, reply) => {
    const contents = contentsOf(request, now());
    const confirmed = contents.map((content) => (isEvent(content) ? flow.accept(content) : flow.acceptLetter(content)));
    room.stay(request, Promise.allSettled(confirmed));
    await within(Promise.all(confirmed), confirmTimeoutMs);
    metrics.accepted(contents.length);
    return reply.code(202).send({ accepted: contents.length });
  });
};
