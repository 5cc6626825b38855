// Routes that only local mode has: how events ended, and the dead letters, which a cluster shows elsewhere.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { pageQuery } from '../builder/routes/builds.ts';
import { functionParams } from '../builder/routes/functions.ts';
import { categories } from '../core/dead-letter.ts';
import { CodedError } from '../core/errors.ts';
import { idPattern, serviceName } from '../core/function.ts';
import { toRecord } from '../core/letter-record.ts';
import type { Results } from '../adapters/local/broker/results.ts';
import type { DeadLetterQueue } from '../ports.ts';

const id = Type.Optional(Type.String({ pattern: idPattern }));
export const resultsQuery = Type.Object({ limit: pageQuery.limit });
export const lettersQuery = Type.Object({
  third_party_id: id,
  parser_id: id,
  category: Type.Optional(Type.Enum([...categories])),
  ...pageQuery,
});
export const letterParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{32}$' }) });

const letterIdOf = (request: FastifyRequest): string => (request.params as Static<typeof letterParams>).id;
const absent = (letterId: string): CodedError => new CodedError('DEAD_LETTER_NOT_FOUND', `There is no dead letter "${letterId}"`);

export const addLocalRoutes = (app: FastifyInstance, deps: { results: Results; deadLetters: DeadLetterQueue }): void => {
  app.get(
    '/functions/:tenant/:function/results',
    { schema: { params: functionParams, querystring: resultsQuery } },
    async (request) => {
      const { limit } = request.query as Static<typeof resultsQuery>;
      return { results: await deps.results.list(serviceName(request.params as Static<typeof functionParams>), limit) };
    },
  );
  app.get('/dead-letters', { schema: { querystring: lettersQuery } }, async (request) => {
    const { third_party_id: tenant, parser_id: name, category, limit, cursor } = request.query as Static<typeof lettersQuery>;
    const filter = { ...(tenant && { tenant }), ...(name && { function: name }), ...(category && { category }) };
    const page = await deps.deadLetters.list(filter, { limit, ...(cursor === undefined ? {} : { cursor }) });
    return { dead_letters: page.items, cursor: page.cursor ?? null };
  });
  app.get('/dead-letters/:id', { schema: { params: letterParams } }, async (request) => {
    const letter = await deps.deadLetters.get(letterIdOf(request));
    if (letter === undefined) throw absent(letterIdOf(request));
    return toRecord(letter);
  });
  app.post('/dead-letters/:id/redrive', { schema: { params: letterParams } }, async (request) => {
    const outcome = await deps.deadLetters.redrive(letterIdOf(request));
    if (outcome === 'absent') throw absent(letterIdOf(request));
    return { id: letterIdOf(request), outcome };
  });
  app.delete('/dead-letters/:id', { schema: { params: letterParams } }, async (request) => {
    if ((await deps.deadLetters.purge(letterIdOf(request))) === 'absent') throw absent(letterIdOf(request));
    return { id: letterIdOf(request), outcome: 'purged' };
  });
};
