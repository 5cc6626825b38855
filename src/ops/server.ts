// The HTTP server of every process: its limits, and one shape of error for whatever goes wrong, down to bytes that are no HTTP.
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { missingRoute, rememberRoutes } from './known-routes.ts';
import type { Logger } from './logger.ts';
import { createBodyReader } from './read-body.ts';
import { asCodedError, idsOf, sendProblem } from './refusals.ts';
import { checkHead } from './request-head.ts';
import { createSocketAnswers } from './socket-answers.ts';

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

/**
 * A server that reads every body as bytes, whatever its Content-Type says: routes decide what it means, and look for the header
 * in `rawHeaders` (`contentTypeIn`). A request whose head two readers could understand differently reaches no route.
 */
export const createServer = (options: ServerOptions, logger: Logger): FastifyInstance => {
  const sockets = createSocketAnswers();
  const app = Fastify({
    logger: false,
    bodyLimit: options.bodyLimitBytes,
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: true,
    clientErrorHandler: sockets.clientError,
    frameworkErrors: (error, request, reply) =>
      void sendProblem(reply as FastifyReply, asCodedError(error), idsOf(request.headers)),
    http: {
      maxHeaderSize: options.headersLimitBytes,
      headersTimeout: Math.min(10_000, options.requestTimeoutMs),
      connectionsCheckingInterval: 1_000,
      // Answered by `checkHead`, as a problem.
      requireHostHeader: false,
    },
    routerOptions: { maxParamLength: 256 },
    // The routes' schemas are written here and typed; judging them by the schema of schemas is a quarter of the time to start.
    // Ajv reads "1e1000" as Infinity, and holds it to a maximum only when it is not strict about it.
    ajv: { customOptions: { meta: false, validateSchema: false, strictNumbers: false } },
  });
  sockets.attach(app.server);
  app.addHook('preClose', (done) => endIdleConnections(app, done));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', createBodyReader(options.bodyLimitBytes));
  answerRefusals(app, logger);
  return app;
};

const answerRefusals = (app: FastifyInstance, logger: Logger): void => {
  const routes = rememberRoutes(app);
  app.addHook('onRequest', (request, reply, done) => {
    checkHead(request.raw);
    // Fastify would refuse a body whose type it can't read before the route sees it, and a broker's event would be lost with it.
    // Without `delete`, which turns the headers into a slower kind of object.
    request.raw.headers['content-type'] = undefined;
    if (!request.is404) {
      done();
      return;
    }
    // Before its body is read: nobody will look at it.
    const { error, allow } = missingRoute(routes, request.url);
    if (allow !== '') reply.header('allow', allow);
    sendProblem(reply, error, idsOf(request.headers));
  });
  app.setErrorHandler((error, request, reply) => {
    const coded = asCodedError(error);
    const ids = idsOf(request.headers);
    if (coded.code === 'INTERNAL') {
      const fields = { correlation_id: ids.correlationId, trace_id: ids.traceId, route: request.routeOptions.url };
      logger.error({ ...fields, err: coded.cause ?? coded }, 'a request failed');
    }
    return sendProblem(reply, coded, ids);
  });
};

/** Closing ends the connections that are idle then; one that becomes idle later would hold the server for its whole keep-alive time. */
const endIdleConnections = (app: FastifyInstance, done: () => void): void => {
  const timer = setInterval(() => app.server.closeIdleConnections(), 50);
  app.server.once('close', () => clearInterval(timer));
  done();
};

/** @returns where it listens, such as http://127.0.0.1:8080 */
export const listen = async (app: FastifyInstance, { PORT, HOST }: { PORT: number; HOST: string }): Promise<string> => {
  await app.listen({ port: PORT, host: HOST });
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : PORT;
  const isEverywhere = ['0.0.0.0', '::', '::1'].includes(HOST);
  return `http://${isEverywhere ? 'localhost' : HOST}:${port}`;
};
