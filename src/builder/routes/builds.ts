// Builds, as the platform itself tells them: listed, shown, their logs followed, cancelled.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import Type, { type Static } from 'typebox';
import { buildIdPattern, buildStatuses, hasEnded, type Build } from '../../core/build.ts';
import { CodedError } from '../../core/errors.ts';
import { idPattern } from '../../core/function.ts';
import type { ImageBuilder, LogLine } from '../../ports.ts';
import type { CancelBuild } from '../cancel-build.ts';
import { createRequestSignal, type RequestSignal } from './request-signal.ts';

type Deps = { builds: ImageBuilder; cancel: CancelBuild };

const id = Type.Optional(Type.String({ pattern: idPattern }));
export const pageQuery = {
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: Type.Optional(Type.String({ maxLength: 256 })),
};
export const buildsQuery = Type.Object({
  third_party_id: id,
  parser_id: id,
  status: Type.Optional(Type.Enum([...buildStatuses])),
  ...pageQuery,
});
export const buildParams = Type.Object({ id: Type.String({ pattern: buildIdPattern }) });
export const logsQuery = Type.Object({
  follow: Type.Boolean({ default: false }),
  offset: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 }),
});

const time = (ms: number | undefined): string | undefined => (ms === undefined ? undefined : new Date(ms).toISOString());

export const viewOf = (build: Build) => ({
  build_id: build.buildId,
  status: build.status,
  third_party_id: build.ref.tenant,
  parser_id: build.ref.function,
  attempt: build.attempt,
  runtime: build.runtime,
  handler: build.handler,
  priority: build.priority,
  s3_key: build.sourceKey,
  content_hash: build.contentHash,
  job_name: build.jobName,
  image_uri: build.image,
  image_digest: build.imageDigest,
  created_at: time(build.createdAt),
  started_at: time(build.startedAt),
  ended_at: time(build.endedAt),
  duration_ms: build.startedAt === undefined || build.endedAt === undefined ? undefined : build.endedAt - build.startedAt,
  exit_code: build.exitCode,
  error_message: build.errorMessage,
  correlation_id: build.correlationId,
  links: {
    self: `/builds/${build.buildId}`,
    logs: `/builds/${build.buildId}/logs`,
    function: `/functions/${build.ref.tenant}/${build.ref.function}`,
  },
});

const find = async (builds: ImageBuilder, buildId: string): Promise<Build> => {
  const build = await builds.get(buildId);
  if (build === undefined) throw new CodedError('BUILD_NOT_FOUND', `There is no build "${buildId}"`);
  return build;
};

/** Where the reader goes on: what its browser remembers (HTML, section 9.2.4) before what the URL says. */
const startOf = (request: FastifyRequest, offset: number): number => {
  const last = request.headers['last-event-id'];
  return typeof last === 'string' && /^\d{1,15}$/.test(last) ? Number(last) : offset;
};

/** HTML, section 9.2.6: a carriage return ends a line as well, and what a build prints behind it must not become a field. */
const dataOf = (text: string): string =>
  text
    .split('\r')
    .map((part) => `data: ${part}\n`)
    .join('');

/** `id` is where the next line begins, so that a reader who comes back misses and repeats nothing. */
const eventOf = ({ next, text }: LogLine): string => `id: ${next}\n${dataOf(text)}\n`;

async function* eventStream(builds: ImageBuilder, build: Build, lines: AsyncIterable<LogLine>): AsyncIterable<string> {
  for await (const line of lines) yield eventOf(line);
  const { status, error_message: error } = viewOf(await find(builds, build.buildId));
  // Cut off before the build has ended: the reader comes back to the next process.
  if (!hasEnded(status)) return;
  yield `event: end\ndata: ${JSON.stringify({ status, error_message: error })}\n\n`;
}

async function* plainText(lines: AsyncIterable<LogLine>): AsyncIterable<string> {
  for await (const { text } of lines) yield `${text}\n`;
}

const sendLogs = async (
  deps: Deps,
  signalOf: RequestSignal,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> => {
  const build = await find(deps.builds, (request.params as Static<typeof buildParams>).id);
  const { follow, offset } = request.query as Static<typeof logsQuery>;
  const lines = deps.builds.logs(build.buildId, { follow, offset: startOf(request, offset), signal: signalOf(reply) });
  const asEvents = follow || request.headers.accept?.includes('text/event-stream') === true;
  reply.headers({
    'cache-control': 'no-cache',
    'x-accel-buffering': 'no',
    'content-type': asEvents ? 'text/event-stream' : 'text/plain; charset=utf-8',
  });
  return reply.send(Readable.from(asEvents ? eventStream(deps.builds, build, lines) : plainText(lines)));
};

export const addBuildRoutes = (app: FastifyInstance, deps: Deps): void => {
  const signalOf = createRequestSignal(app, 0);
  app.get('/builds', { schema: { querystring: buildsQuery } }, async (request) => {
    const { third_party_id: tenant, parser_id: name, status, limit, cursor } = request.query as Static<typeof buildsQuery>;
    const filter = { ...(tenant && { tenant }), ...(name && { function: name }), ...(status && { status }) };
    const page = await deps.builds.list(filter, { limit, ...(cursor === undefined ? {} : { cursor }) });
    return { builds: page.items.map(viewOf), cursor: page.cursor ?? null };
  });
  app.get('/builds/:id', { schema: { params: buildParams } }, async (request) =>
    viewOf(await find(deps.builds, (request.params as Static<typeof buildParams>).id)),
  );
  app.get('/builds/:id/logs', { schema: { params: buildParams, querystring: logsQuery } }, (request, reply) =>
    sendLogs(deps, signalOf, request, reply),
  );
  app.post('/builds/:id/cancel', { schema: { params: buildParams } }, async (request) => {
    const build = await find(deps.builds, (request.params as Static<typeof buildParams>).id);
    const { status, message } = await deps.cancel(build.ref, build.buildId, 'Cancelled by the API');
    // Where a build is a job, a cancelled one leaves nothing.
    const gone = status === 'acknowledged' ? ({ ...build, status: 'cancelled' } as const) : build;
    return { ...viewOf((await deps.builds.get(build.buildId)) ?? gone), message };
  });
};
