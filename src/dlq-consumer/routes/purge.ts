// Letters taken out for good, and the daily cleanup, which only moves them to the archive.
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { CodedError } from '../../core/errors.ts';
import type { Logger } from '../../ops/logger.ts';
import type { DeadLetterQueue } from '../../ports.ts';
import type { Cleanup } from '../cleanup.ts';
import { filterMembers, filterOf } from '../filter.ts';
import { createBodyReader } from './body.ts';
import { absentLetter, letterParams } from './letters.ts';
import { operatorOf } from './operator.ts';

type Deps = { queue: DeadLetterQueue; cleanup: Cleanup; logger: Logger; now: () => number };

const purgeBody = Type.Object(
  {
    ...filterMembers,
    /** As many letters as match: what was looked at is what is purged. */
    confirm: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  { additionalProperties: false },
);

/** Records that are on their way to the broker at once. */
const batch = 100;

const purgeAll = async (queue: DeadLetterQueue, ids: readonly string[]): Promise<number> => {
  let purged = 0;
  for (let first = 0; first < ids.length; first += batch) {
    const outcomes = await Promise.all(ids.slice(first, first + batch).map((id) => queue.purge(id)));
    purged += outcomes.filter((outcome) => outcome === 'purged').length;
  }
  return purged;
};

export const addPurgeRoutes = (app: FastifyInstance, { queue, cleanup, logger, now }: Deps): void => {
  const readBody = createBodyReader(purgeBody);

  app.delete('/dead-letters/:id', { schema: { params: letterParams } }, async (request) => {
    const { id } = request.params as Static<typeof letterParams>;
    if ((await queue.purge(id)) === 'absent') throw absentLetter(id);
    logger.warn({ letter_id: id, operator: operatorOf(request) }, 'letter purged by an operator');
    return { id, status: 'purged' };
  });
  app.post('/dead-letters/purge', async (request) => {
    const { confirm, ...filter } = readBody(request);
    const ids = await queue.matching(filterOf(filter, now()));
    if (confirm === undefined) return { matched: ids.length, purged: 0, confirm: ids.length };
    if (confirm !== ids.length) {
      throw new CodedError('INVALID_QUERY', `"confirm" says ${confirm}, but ${ids.length} letters match now; look again`, {
        field: 'confirm',
      });
    }
    const purged = await purgeAll(queue, ids);
    logger.warn({ operator: operatorOf(request), filter, matched: ids.length, purged }, 'letters purged by an operator');
    return { matched: ids.length, purged };
  });
  app.post('/dead-letters/cleanup', async (request) => {
    const cleaned = await cleanup();
    logger.info({ operator: operatorOf(request), ...cleaned }, 'cleanup done');
    return cleaned;
  });
};
