// The builder's HTTP server: every route in its place. Building it is not listening.
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../ops/logger.ts';
import type { Registry } from '../ops/metrics.ts';
import { addOpsRoutes } from '../ops/ops-routes.ts';
import { createServer, type ServerOptions } from '../ops/server.ts';
import type { FunctionPlatform, ImageBuilder } from '../ports.ts';
import { createAccept } from './accept.ts';
import type { Builder } from './builder.ts';
import type { AdmitEvent } from './limits.ts';
import type { BuilderMetrics } from './metrics.ts';
import { builderPaths } from './openapi.ts';
import type { Paths } from './openapi-parts.ts';
import { addBuildRoutes } from './routes/builds.ts';
import { addEventRoutes } from './routes/cloudevents.ts';
import { addDocumentation } from './routes/documentation.ts';
import { addFunctionRoutes } from './routes/functions.ts';
import { addSweepRoute } from './routes/sweep.ts';

export type AppDeps = {
  builder: Builder;
  builds: ImageBuilder;
  functions: FunctionPlatform;
  admit: AdmitEvent;
  sweep: () => Promise<void>;
  metrics: BuilderMetrics;
  registry: Registry;
  logger: Logger;
  notReady: () => string | undefined;
  /** Of one tenant: what the webhook handshake promises. */
  eventsPerMinute: number;
  /** Descriptions of routes that are added to the builder's own. */
  morePaths?: Paths;
  now: () => number;
  /** For runs of functions that are in hand when the server closes. */
  drainMs: number;
};

export const createApp = (deps: AppDeps, options: ServerOptions): FastifyInstance => {
  const app = createServer(options, deps.logger);
  const accept = createAccept({ ...deps, handlers: deps.builder.handlers });
  addDocumentation(app, { ...builderPaths, ...deps.morePaths });
  addEventRoutes(app, { ...deps, accept });
  addBuildRoutes(app, { builds: deps.builds, cancel: deps.builder.cancel });
  addFunctionRoutes(app, { ...deps, remove: deps.builder.remove });
  addSweepRoute(app, deps.sweep);
  addOpsRoutes(app, deps.registry, deps.notReady);
  return app;
};
