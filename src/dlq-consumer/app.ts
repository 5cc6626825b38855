// The consumer's HTTP server: the sink for the broker, the letters for the operator. Building it is not listening.
import type { FastifyInstance } from 'fastify';
import type { LetterFlow } from '../core/letter-flow.ts';
import type { Logger } from '../ops/logger.ts';
import type { Registry } from '../ops/metrics.ts';
import { addOpsRoutes } from '../ops/ops-routes.ts';
import { createServer } from '../ops/server.ts';
import type { DeadLetterQueue } from '../ports.ts';
import type { Cleanup } from './cleanup.ts';
import type { DlqMetrics } from './metrics.ts';
import type { RedriveRuns } from './redrive-runs.ts';
import { addLetterRoutes } from './routes/letters.ts';
import { createTokenCheck } from './routes/operator.ts';
import { addPurgeRoutes } from './routes/purge.ts';
import { addRedriveRoutes } from './routes/redrive.ts';
import { createSinkRoom } from './routes/sink-room.ts';
import { addSinkRoute } from './routes/sink.ts';

export type AppDeps = {
  queue: DeadLetterQueue;
  flow: LetterFlow;
  full: () => boolean;
  runs: RedriveRuns;
  cleanup: Cleanup;
  metrics: DlqMetrics;
  registry: Registry;
  logger: Logger;
  notReady: () => string | undefined;
  now: () => number;
};

export type AppOptions = {
  token: string | undefined;
  bodyLimitBytes: number;
  /** Of letters that senders bring, until they are confirmed. */
  heldBytes: number;
  requestTimeoutMs: number;
  confirmTimeoutMs: number;
  redrivePerSecond: number;
};

export const createApp = (deps: AppDeps, options: AppOptions): FastifyInstance => {
  const { bodyLimitBytes, requestTimeoutMs } = options;
  const app = createServer({ bodyLimitBytes, headersLimitBytes: 64 * 2 ** 10, requestTimeoutMs }, deps.logger);
  addOpsRoutes(app, deps.registry, deps.notReady);
  const room = createSinkRoom(options.heldBytes, bodyLimitBytes);
  addSinkRoute(app, { ...deps, room, confirmTimeoutMs: options.confirmTimeoutMs });
  // Routes of a scope of their own: the check is for them, not for the sink, since a broker has no token to send.
  void app.register((operator, _options, done) => {
    const check = createTokenCheck(options.token);
    operator.addHook('onRequest', (request, _reply, next) => {
      check(request);
      next();
    });
    addLetterRoutes(operator, { ...deps, depths: () => deps.flow.depths() });
    addRedriveRoutes(operator, { ...deps, perSecond: options.redrivePerSecond });
    addPurgeRoutes(operator, deps);
    done();
  });
  return app;
};
