// What a schedule asks of a builder that may be scaled to zero in between (a Knative PingSource delivers here).
import type { FastifyInstance } from 'fastify';

/** The body is not looked at. Who asks while a sweep runs shares the next one, so asking often costs nothing more. */
export const addSweepRoute = (app: FastifyInstance, sweep: () => Promise<void>): void => {
  app.post('/sweep', async (_request, reply) => {
    await sweep();
    return reply.code(204).send();
  });
};
