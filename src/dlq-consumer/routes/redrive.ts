// Letters brought back: one at once, or all that match, at a bounded rate and after a look at how many they are.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static } from 'typebox';
import { CodedError } from '../../core/errors.ts';
import type { Logger } from '../../ops/logger.ts';
import type { DeadLetterQueue } from '../../ports.ts';
import { filterMembers, filterOf } from '../filter.ts';
import type { RedriveRun, RedriveRuns } from '../redrive-runs.ts';
import { createBodyReader } from './body.ts';
import { absentLetter, letterParams } from './letters.ts';
import { operatorOf } from './operator.ts';

type Deps = { queue: DeadLetterQueue; runs: RedriveRuns; perSecond: number; logger: Logger; now: () => number };

const redriveBody = Type.Object(
  {
    ...filterMembers,
    /** Only says how many there are, unless it is false. */
    dry_run: Type.Optional(Type.Boolean()),
    per_second: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1_000 })),
  },
  { additionalProperties: false },
);
const runParams = Type.Object({ run: Type.String({ pattern: '^[0-9a-f-]{36}$' }) });

/** An event that several subscribers gave up comes back more than once. */
const atLeastNone = (count: number): number => Math.max(0, count);

const viewOf = (run: RedriveRun) => ({
  run: run.id,
  state: run.state,
  operator: run.operator,
  matched: run.matched,
  redriven: run.redriven,
  skipped: run.skipped,
  delivered: run.delivered,
  handed_to_broker: atLeastNone(run.handedToBroker),
  came_back: run.cameBack,
  under_way: atLeastNone(run.redriven - run.delivered - run.handedToBroker - run.cameBack),
  returned: run.returned,
  started_at: new Date(run.startedAt).toISOString(),
  ended_at: run.endedAt === undefined ? null : new Date(run.endedAt).toISOString(),
  ...(run.error === undefined ? {} : { error: run.error }),
  links: { self: `/redrives/${run.id}` },
});

const redriveOne = async ({ queue, logger }: Deps, request: FastifyRequest): Promise<Record<string, unknown>> => {
  const { id } = request.params as Static<typeof letterParams>;
  const outcome = await queue.redrive(id);
  if (outcome === 'absent') throw absentLetter(id);
  if (outcome === 'unreadable')
    throw new CodedError('DEAD_LETTER_UNREADABLE', `Letter "${id}" holds no event that could be delivered`);
  logger.info({ letter_id: id, operator: operatorOf(request) }, 'letter redriven by an operator');
  return { id, status: outcome };
};

const findRun = (runs: RedriveRuns, request: FastifyRequest): RedriveRun => {
  const { run: id } = request.params as Static<typeof runParams>;
  const run = runs.get(id);
  if (run === undefined) throw new CodedError('DEAD_LETTER_NOT_FOUND', `There is no redrive "${id}" in this process`);
  return run;
};

export const addRedriveRoutes = (app: FastifyInstance, deps: Deps): void => {
  const { queue, runs, perSecond, logger, now } = deps;
  const readBody = createBodyReader(redriveBody);

  app.post('/dead-letters/:id/redrive', { schema: { params: letterParams } }, (request) => redriveOne(deps, request));
  app.post('/dead-letters/redrive', async (request, reply): Promise<FastifyReply> => {
    const { dry_run: dryRun = true, per_second: rate = perSecond, ...filter } = readBody(request);
    const ids = await queue.matching(filterOf(filter, now()));
    if (dryRun)
      return reply.send({
        dry_run: true,
        matched: ids.length,
        per_second: rate,
        would_take_seconds: Math.ceil(ids.length / rate),
      });
    return reply.code(202).send(viewOf(runs.start(ids, rate, operatorOf(request))));
  });
  app.get('/redrives', () => ({ redrives: runs.list().map(viewOf) }));
  app.get('/redrives/:run', { schema: { params: runParams } }, (request) => viewOf(findRun(runs, request)));
  app.post('/redrives/:run/cancel', { schema: { params: runParams } }, (request) => {
    const run = findRun(runs, request);
    const cancelled = runs.cancel(run.id);
    if (cancelled) logger.info({ run: run.id, operator: operatorOf(request) }, 'redrive cancelled by an operator');
    return { run: run.id, cancelled };
  });
};
