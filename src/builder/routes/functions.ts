// Functions, as the platform itself tells them: listed, shown with their last build, run, deleted.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { originOf } from '../../core/correlation.ts';
import type { CloudEvent } from '../../core/cloudevent.ts';
import { connectionHeaders } from '../../core/connection-headers.ts';
import { CodedError } from '../../core/errors.ts';
import { typePrefix } from '../../core/event-type.ts';
import { eventSourceOf, idPattern, type FunctionRef } from '../../core/function.ts';
import { readRequest } from '../../core/http-binding.ts';
import type { FunctionPlatform, FunctionState, ImageBuilder } from '../../ports.ts';
import { contentTypeIn } from '../../ops/request-head.ts';
import type { DeleteFunction } from '../delete-function.ts';
import { bodyOf } from '../outcome.ts';
import { createRequestSignal, type RequestSignal } from './request-signal.ts';
import { pageQuery, viewOf as viewOfBuild } from './builds.ts';

type Deps = {
  functions: FunctionPlatform;
  builds: ImageBuilder;
  remove: DeleteFunction;
  /** For runs in hand when the server closes. */ drainMs: number;
};

const id = Type.String({ pattern: idPattern });
export const functionParams = Type.Object({ tenant: id, function: id });
export const functionsQuery = Type.Object({ third_party_id: Type.Optional(id), ...pageQuery });

const refOf = (request: FastifyRequest): FunctionRef => request.params as Static<typeof functionParams>;

const viewOf = (state: FunctionState) => ({
  third_party_id: state.ref.tenant,
  parser_id: state.ref.function,
  name: state.name,
  url: state.url,
  ready: state.state === 'ready',
  state: state.state,
  reason: state.reason,
  runtime: state.runtime,
  replicas: state.replicas,
  image_uri: state.image,
  image_digest: state.imageDigest,
  created_at: new Date(state.createdAt).toISOString(),
  updated_at: new Date(state.updatedAt).toISOString(),
  links: { self: `/functions/${state.ref.tenant}/${state.ref.function}`, build: `/builds/${state.buildId}` },
});

const find = async (functions: FunctionPlatform, ref: FunctionRef): Promise<FunctionState> => {
  const state = await functions.get(ref);
  if (state === undefined) throw new CodedError('FUNCTION_NOT_FOUND', `Tenant "${ref.tenant}" has no function "${ref.function}"`);
  return state;
};

/** The request's own event, or one around its body: nobody should have to write headers to try a function. */
const eventOf = (request: FastifyRequest, ref: FunctionRef): CloudEvent => {
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const contentType = contentTypeIn(request.raw.rawHeaders);
  if (request.headers['ce-specversion'] !== undefined || contentType?.startsWith('application/cloudevents') === true) {
    const received = readRequest(request.raw.rawHeaders, contentType, body);
    if (received.mode === 'batch')
      throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'A function is run with one event, not with a batch', {
        field: 'content-type',
      });
    return received.event;
  }
  return {
    specversion: '1.0',
    id: crypto.randomUUID(),
    source: eventSourceOf(ref),
    subject: ref.function,
    type: `${typePrefix}parser.start`,
    ...(contentType === undefined ? {} : { datacontenttype: contentType }),
    extensions: {},
    ...(body.length === 0 ? {} : { data: { bytes: body } }),
  };
};

/** The server says these itself. */
const ownHeaders: ReadonlySet<string> = new Set(['content-length', 'date']);

const invoke = async (
  deps: Deps,
  signalOf: RequestSignal,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const ref = refOf(request);
  const event = eventOf(request, ref);
  const answered = await deps.functions.invoke(ref, event, signalOf(reply));
  const headers = Object.entries(answered.headers).filter(([name]) => !connectionHeaders.has(name) && !ownHeaders.has(name));
  return reply.code(answered.status).headers(Object.fromEntries(headers)).send(answered.body);
};

/** Deleting by URL is an event too, caused by the request. */
const removal = (request: FastifyRequest, ref: FunctionRef): CloudEvent => ({
  specversion: '1.0',
  id: crypto.randomUUID(),
  source: eventSourceOf(ref),
  subject: ref.function,
  type: `${typePrefix}service.delete`,
  extensions:
    typeof request.headers['x-correlation-id'] === 'string' ? { correlationid: request.headers['x-correlation-id'] } : {},
});

export const addFunctionRoutes = (app: FastifyInstance, deps: Deps): void => {
  const signalOf = createRequestSignal(app, deps.drainMs);
  app.get('/functions', { schema: { querystring: functionsQuery } }, async (request) => {
    const { third_party_id: tenant, limit, cursor } = request.query as Static<typeof functionsQuery>;
    const page = await deps.functions.list(tenant === undefined ? {} : { tenant }, {
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { functions: page.items.map(viewOf), cursor: page.cursor ?? null };
  });
  const path = '/functions/:tenant/:function';
  app.get(path, { schema: { params: functionParams } }, async (request) => {
    const state = await find(deps.functions, refOf(request));
    const { items } = await deps.builds.list(state.ref, { limit: 1 });
    return { ...viewOf(state), last_build: items[0] === undefined ? null : viewOfBuild(items[0]) };
  });
  app.delete(path, { schema: { params: functionParams } }, async (request) => {
    const origin = originOf(removal(request, refOf(request)));
    return bodyOf(await deps.remove(refOf(request), { reason: 'Deleted by the API' }, origin), origin.correlationId);
  });
  app.post(`${path}/invoke`, { schema: { params: functionParams } }, (request, reply) => invoke(deps, signalOf, request, reply));
};
