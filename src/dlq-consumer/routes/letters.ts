// Parked letters: listed, shown with their whole history, counted. Looking consumes nothing.
import type { FastifyInstance } from 'fastify';
import Type, { type Static } from 'typebox';
import { CodedError } from '../../core/errors.ts';
import { toRecord } from '../../core/letter-record.ts';
import type { DeadLetter, LetterSummary } from '../../core/letter.ts';
import type { Depths } from '../../core/letter-flow.ts';
import type { DeadLetterQueue } from '../../ports.ts';
import { filterMembers, filterOf } from '../filter.ts';

type Deps = { queue: DeadLetterQueue; depths: () => Promise<Depths>; now: () => number };

const listQuery = Type.Object({
  ...filterMembers,
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  cursor: Type.Optional(Type.String({ maxLength: 256 })),
});
export const letterParams = Type.Object({ id: Type.String({ pattern: '^[0-9a-f]{32}$' }) });

const time = (ms: number): string => new Date(ms).toISOString();

const summaryView = (letter: LetterSummary) => ({
  id: letter.id,
  category: letter.category,
  reason: letter.reason,
  destination: letter.destination,
  attempts: letter.attempts,
  first_failed_at: time(letter.firstFailedAt),
  last_failed_at: time(letter.lastFailedAt),
  third_party_id: letter.tenant,
  parser_id: letter.function,
  type: letter.type,
  event_source: letter.eventSource,
  event_id: letter.eventId,
  links: { self: `/dead-letters/${letter.id}`, redrive: `/dead-letters/${letter.id}/redrive` },
});

const letterView = (letter: DeadLetter) => {
  const { event, raw } = toRecord(letter);
  return {
    id: letter.id,
    category: letter.category,
    reason: letter.reason,
    destination: letter.destination,
    attempts: letter.attempts,
    first_failed_at: time(letter.firstFailedAt),
    last_failed_at: time(letter.lastFailedAt),
    history: (letter.history ?? []).map(({ at, ...attempt }) => ({ at: time(at), ...attempt })),
    ...(event === undefined ? { raw } : { event }),
  };
};

export const absentLetter = (id: string): CodedError =>
  new CodedError('DEAD_LETTER_NOT_FOUND', `There is no parked letter "${id}"`);

export const addLetterRoutes = (app: FastifyInstance, { queue, depths, now }: Deps): void => {
  app.get('/dead-letters', { schema: { querystring: listQuery } }, async (request) => {
    const { limit, cursor, ...filter } = request.query as Static<typeof listQuery>;
    const page = await queue.list(filterOf(filter, now()), { limit, ...(cursor === undefined ? {} : { cursor }) });
    return { dead_letters: page.items.map(summaryView), cursor: page.cursor ?? null };
  });
  app.get('/dead-letters/:id', { schema: { params: letterParams } }, async (request) => {
    const { id } = request.params as Static<typeof letterParams>;
    const letter = await queue.get(id);
    if (letter === undefined) throw absentLetter(id);
    return letterView(letter);
  });
  app.get('/dead-letters/stats', async () => {
    const [{ depth, oldestAgeMs }, places] = await Promise.all([queue.stats(now()), depths()]);
    return { parked: depth, oldest_age_seconds: Math.round(oldestAgeMs / 1000), places };
  });
};
