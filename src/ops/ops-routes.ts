// Alive, ready, measured: the routes an operator's tools ask of every process.
import type { FastifyInstance } from 'fastify';
import { CodedError } from '../core/errors.ts';
import type { Registry } from './metrics.ts';

/** @param notReady why work can't be taken now, or undefined when it can */
export const addOpsRoutes = (app: FastifyInstance, registry: Registry, notReady: () => string | undefined): void => {
  app.get('/healthz', () => ({ status: 'alive' }));
  app.get('/readyz', () => {
    const reason = notReady();
    if (reason !== undefined) throw new CodedError('STOPPING', reason, { retryAfterSeconds: 1 });
    return { status: 'ready' };
  });
  app.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
};
