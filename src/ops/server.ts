// The HTTP server of every process: its limits, and one shape of error for whatever goes wrong, down to bytes that are no HTTP.
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Socket } from 'node:net';
import { CodedError, type ErrorCode } from '../core/errors.ts';
import { parseTraceparent } from '../core/trace-context.ts';
import type { Logger } from './logger.ts';
import { problemOf, type RequestIds } from './problem.ts';

export type ServerOptions = {
  bodyLimitBytes: number;
  /** Name, value and separators of all headers together. */
  headersLimitBytes: number;
  /** For the whole request to arrive. */
  requestTimeoutMs: number;
};

export const defaultServerOptions: ServerOptions = {
  bodyLimitBytes: 10 * 2 ** 20,
  headersLimitBytes: 32 * 2 ** 10,
  requestTimeoutMs: 30_000,
};

/** What Fastify refuses by itself, in our words. Its messages are its own; ours name the rule. */
const known: Record<string, [ErrorCode, string]> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['BODY_TOO_LARGE', 'The body is larger than this server takes'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'UNSUPPORTED_MEDIA_TYPE',
    'The Content-Type header is not a media type (RFC 9110, section 8.3)',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['MALFORMED_REQUEST', 'The body is not as long as its Content-Length says'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['INVALID_JSON', 'The body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['INVALID_JSON', 'The body is empty; JSON was announced'],
  FST_ERR_BAD_URL: ['MALFORMED_REQUEST', 'The URL is not valid'],
  FST_ERR_MAX_PARAM_LENGTH: ['MALFORMED_REQUEST', 'A part of the path is too long'],
};

const fromFramework = (error: FastifyError): CodedError => {
  if (error.validation !== undefined) {
    const [first] = error.validation;
    const field = `${error.validationContext ?? 'request'}${(first?.instancePath ?? '').replaceAll('/', '.')}`;
    return new CodedError('INVALID_QUERY', `${field} ${first?.message ?? 'breaks a rule'}`, { field });
  }
  const [code, message] = known[error.code] ?? ['INTERNAL', 'The request could not be handled; try again later'];
  return new CodedError(code, message, { cause: error });
};

export const asCodedError = (error: unknown): CodedError =>
  error instanceof CodedError ? error : fromFramework(error as FastifyError);

/** Ids a client sent, for requests that carry no event. */
export const idsOf = (headers: Record<string, unknown>): RequestIds => {
  const { 'x-correlation-id': correlationId, traceparent } = headers;
  return {
    correlationId: typeof correlationId === 'string' && /^[\x21-\x7e]{1,128}$/.test(correlationId) ? correlationId : undefined,
    traceId: parseTraceparent(typeof traceparent === 'string' ? traceparent : undefined)?.traceId,
  };
};

export const sendProblem = (reply: FastifyReply, error: CodedError, ids: RequestIds): FastifyReply => {
  const { status, headers, body } = problemOf(error, ids);
  // A refused body is not read to its end: the connection can't carry another request.
  if (status === 413) reply.header('connection', 'close');
  return reply.code(status).headers(headers).send(JSON.stringify(body));
};

const socketErrors: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The headers are larger than this server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['SLOW_REQUEST', 'The request did not arrive in time'],
};

/** Bytes that are no HTTP never reach Fastify: the answer is written to the socket, and the connection ends. */
const answerOnSocket = (error: NodeJS.ErrnoException, socket: Socket): void => {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [code, message] = socketErrors[error.code ?? ''] ?? ['MALFORMED_REQUEST', 'The request is not valid HTTP/1.1'];
  const { status, headers, body } = problemOf(new CodedError(code, message));
  const text = JSON.stringify(body);
  const lines = Object.entries({ ...headers, 'content-length': Buffer.byteLength(text), connection: 'close' });
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`);
};

/** A server that reads every body as bytes: routes decide what they mean. */
export const createServer = (options: ServerOptions, logger: Logger): FastifyInstance => {
  const app = Fastify({
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    clientErrorHandler: answerOnSocket,
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply as FastifyReply, fromFramework(error), idsOf(request.headers)),
    http: {
      maxHeaderSize: options.headersLimitBytes,
      headersTimeout: Math.min(10_000, options.requestTimeoutMs),
      connectionsCheckingInterval: 1_000,
    },
    routerOptions: { maxParamLength: 256 },
    // The routes' schemas are written here and typed; judging them by the schema of schemas is a quarter of the time to start.
    ajv: { customOptions: { meta: false, validateSchema: false } },
  });
  const routes = rememberRoutes(app);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const coded = asCodedError(error);
    if (coded.code === 'INTERNAL')
      logger.error({ err: coded.cause ?? coded, route: request.routeOptions.url }, 'a request failed');
    return sendProblem(reply, coded, idsOf(request.headers));
  });
  app.setNotFoundHandler((request, reply) => sendProblem(reply, missingRoute(routes, request.url), idsOf(request.headers)));
  return app;
};

type KnownRoute = { method: string; path: RegExp };

/** Every route as it is added; a parameter is one segment. */
const rememberRoutes = (app: FastifyInstance): readonly KnownRoute[] => {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`);
    for (const one of [method].flat()) routes.push({ method: one, path });
  });
  return routes;
};

/** RFC 9110, section 15.5.6: a path that answers other methods is 405, not 404. */
const missingRoute = (routes: readonly KnownRoute[], url: string): CodedError => {
  const [asked = '/'] = url.split('?', 1);
  const answers = routes.filter(({ path }) => path.test(asked)).map(({ method }) => method);
  return answers.length === 0
    ? new CodedError('ROUTE_NOT_FOUND', 'There is no such route; see /docs')
    : new CodedError('METHOD_NOT_ALLOWED', `This route answers ${answers.join(', ')}`);
};
