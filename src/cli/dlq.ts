// npm run dlq -- list|show|redrive|purge|stats|cleanup: the operator's verbs. Everything is asked of the consumer's operator API, so
// that it is checked, limited and logged there; nothing here knows RabbitMQ.
import { setTimeout as sleep } from 'node:timers/promises';
import { filterOf, numberIn, parseParameters, UsageError, type Values } from './dlq-parameters.ts';
import { letterTable, printable, progressOf, summaryOfRun, type LetterRow, type Run } from './letter-words.ts';
import { Refusal, type OperatorApi } from './operator-api.ts';

type Call = { api: OperatorApi; values: Values; id: string | undefined; print: (text: string) => void };

const idPath = (id: string): string => `/dead-letters/${encodeURIComponent(id)}`;
const asJson = (value: unknown): string => printable(JSON.stringify(value, undefined, 2));

/** For a person in words, for a program as it is. */
const tell = ({ values, print }: Call, answer: unknown, words: () => string): void =>
  print(values.json ? asJson(answer) : printable(words()));

const list = async (call: Call): Promise<number> => {
  const { limit, cursor } = call.values;
  const query = new URLSearchParams({
    ...filterOf(call.values),
    ...(limit === undefined ? {} : { limit }),
    ...(cursor === undefined ? {} : { cursor }),
  });
  const answer = await call.api.ask<{ dead_letters: LetterRow[]; cursor: string | null }>(
    'GET',
    `/dead-letters?${query.toString()}`,
  );
  tell(call, answer, () => {
    if (answer.dead_letters.length === 0) return 'No letter matches';
    return `${letterTable(answer.dead_letters)}${answer.cursor === null ? '' : `\nmore: --cursor ${answer.cursor}`}`;
  });
  return 0;
};

const show = async ({ api, id, print }: Call): Promise<number> => {
  if (id === undefined) throw new UsageError('show needs the id of a letter');
  print(asJson(await api.ask('GET', idPath(id))));
  return 0;
};

const pollMs = 500;

/** Until all that was handed over has come to an end. 1 when something came back. */
const follow = async (call: Call, first: Run): Promise<number> => {
  let run = first;
  let told = '';
  while (run.state === 'running' || run.state === 'handed_over') {
    const progress = progressOf(run);
    if (progress !== told && !call.values.json) call.print(progress);
    told = progress;
    await sleep(pollMs);
    run = await call.api.ask<Run>('GET', `/redrives/${run.run}`).catch((thrown: unknown) => {
      if (!(thrown instanceof Refusal) || thrown.code !== 'DEAD_LETTER_NOT_FOUND') throw thrown;
      throw new Refusal(thrown.code, `The consumer was started again. ${progress}; what was not handed over is still parked`);
    });
  }
  tell(call, run, () => summaryOfRun(run));
  return run.state === 'ended' && run.came_back === 0 ? 0 : 1;
};

const redriveMatching = async (call: Call): Promise<number> => {
  const rate = numberIn(call.values['per-second'], 'per-second');
  const body = { ...filterOf(call.values), ...(rate === undefined ? {} : { per_second: rate }) };
  if (!call.values.yes) {
    type DryRun = { matched: number; per_second: number; would_take_seconds: number };
    const found = await call.api.ask<DryRun>('POST', '/dead-letters/redrive', { ...body, dry_run: true });
    const { matched, per_second: perSecond, would_take_seconds: seconds } = found;
    tell(
      call,
      found,
      () => `${matched} letters match; at ${perSecond} per second that takes ${seconds} s. With --yes it is done`,
    );
    return 0;
  }
  const run = await call.api.ask<Run>('POST', '/dead-letters/redrive', { ...body, dry_run: false });
  if (call.values.wait) return follow(call, run);
  tell(call, run, () => `redrive ${run.run}: ${run.matched} letters match`);
  return 0;
};

const redrive = async (call: Call): Promise<number> => {
  if (call.id === undefined) return redriveMatching(call);
  const answer = await call.api.ask<{ id: string }>('POST', `${idPath(call.id)}/redrive`);
  tell(call, answer, () => `${answer.id} is handed to delivery`);
  return 0;
};

const purge = async (call: Call): Promise<number> => {
  if (call.id !== undefined) {
    if (!call.values.yes) throw new UsageError(`purge takes ${call.id} out for good: say --yes`);
    const answer = await call.api.ask<{ id: string }>('DELETE', idPath(call.id));
    tell(call, answer, () => `${answer.id} is purged`);
    return 0;
  }
  const confirm = numberIn(call.values.confirm, 'confirm');
  const body = { ...filterOf(call.values), ...(confirm === undefined ? {} : { confirm }) };
  const answer = await call.api.ask<{ matched: number; purged: number }>('POST', '/dead-letters/purge', body);
  tell(call, answer, () =>
    confirm === undefined
      ? `${answer.matched} letters match. With --confirm ${answer.matched} they are taken out for good`
      : `${answer.purged} of ${answer.matched} letters are purged`,
  );
  return 0;
};

const stats = async (call: Call): Promise<number> => {
  type Stats = { oldest_age_seconds: number; places: Record<string, number> };
  const answer = await call.api.ask<Stats>('GET', '/dead-letters/stats');
  tell(call, answer, () =>
    [...Object.entries(answer.places), ['oldest parked', `${answer.oldest_age_seconds} s`]]
      .map(([place = '', count = '']) => `${place.padEnd(14)}${count}`)
      .join('\n'),
  );
  return 0;
};

const cleanup = async (call: Call): Promise<number> => {
  type Cleaned = { archived_for_age: number; archived_for_number: number; kept: number };
  const answer = await call.api.ask<Cleaned>('POST', '/dead-letters/cleanup');
  const { archived_for_age: age, archived_for_number: surplus, kept } = answer;
  tell(call, answer, () => `${age} archived for their age, ${surplus} for their number, ${kept} kept`);
  return 0;
};

type Verb = { run: (call: Call) => Promise<number>; takesId: boolean };

const verbs: Record<string, Verb> = {
  list: { run: list, takesId: false },
  show: { run: show, takesId: true },
  redrive: { run: redrive, takesId: true },
  purge: { run: purge, takesId: true },
  stats: { run: stats, takesId: false },
  cleanup: { run: cleanup, takesId: false },
};

/** Answers the exit code. @throws UsageError, Refusal, Unreachable */
export const runDlq = async (parameters: readonly string[], api: OperatorApi, print: (text: string) => void): Promise<number> => {
  const { values, positionals } = parseParameters(parameters);
  const [name = '', id, ...rest] = positionals;
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined || rest.length > 0 || (id !== undefined && !verb.takesId))
    throw new UsageError(name === '' ? 'Which verb?' : `There is no "${positionals.join(' ')}"`);
  if (id !== undefined && Object.keys(filterOf(values)).length > 0)
    throw new UsageError('Either one letter or filters, not both');
  return verb.run({ api, values, id, print });
};
