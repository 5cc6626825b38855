// What became of each event. Delivery is at least once, so an event can have its outcome more than once; "once" means:
// - an event that was offered to a builder a single time has exactly one kind of outcome;
// - one that was offered again (sent twice, retried by the broker or its sender) has at least one. Two kinds are counted and told;
// - an event that was handed to its function carries one id each time, by which the function knows a copy.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import type { Broker } from '../../support/cluster/broker.ts';
import type { Contacts } from './contacts.ts';
import type { FunctionBroker } from './function-broker.ts';
import type { BuildRun } from './node.ts';
import type { Sent } from './send.ts';

export type OutcomeKind =
  | 'handed to its function'
  | 'handed over when its function was deleted'
  | 'rejected with an event'
  | 'refused by answer'
  | 'built'
  | 'failed'
  | 'stopped'
  | 'done'
  | 'dead letter';

export type Accounted = { sent: Sent; offered: number; kinds: OutcomeKind[]; copies: number };

type Seen = {
  rejections: Map<string, number>;
  dead: Set<string>;
  arrivals: FunctionBroker['arrivals'];
  runs: readonly BuildRun[];
  cancelled: Set<string>;
};

const nameOf = ({ type }: CloudEvent): string => type.replace('network.notifi.lambda.', '');

const dataOf = ({ data }: CloudEvent): Record<string, unknown> => {
  if (data === undefined) return {};
  return ('json' in data ? data.json : JSON.parse(data.bytes.toString('utf8'))) as Record<string, unknown>;
};

const countBy = (ids: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};

export const see = (broker: Broker, functions: FunctionBroker, runs: readonly BuildRun[]): Seen => {
  const named = (name: string): CloudEvent[] => broker.events.filter((event) => nameOf(event) === name);
  return {
    rejections: countBy(named('event.rejected').map(({ extensions }) => String(extensions.causationid))),
    dead: new Set(broker.dead.map(({ event }) => event.id)),
    arrivals: functions.arrivals,
    runs,
    cancelled: new Set(named('build.cancelled').map((event) => String(dataOf(event).parser_id))),
  };
};

const endNames = { complete: 'built', failed: 'failed', stopped: 'stopped' } as const;

/**
 * A build that was asked for: by this event alone when it is forced, else by any event of its function and source. To an event that was
 * refused belongs only what it has caused itself.
 */
const buildOutcomes = ({ planned }: Sent, { runs, cancelled }: Seen, isRefused: boolean): OutcomeKind[] => {
  const { s3_key: key, force } = dataOf(planned.event) as { s3_key?: string; force?: boolean };
  const { function: name } = planned.ref;
  const isIts = (run: BuildRun): boolean =>
    run.function === name &&
    (force === true || isRefused ? run.causeId === planned.event.id : run.sourceKey === (key ?? `global/parser/${name}`));
  const last = runs.filter(isIts).at(-1)?.end;
  if (last !== undefined) return [endNames[last]];
  // Cancelled before its turn came, or with the function that was deleted: no pod has ever been.
  return !isRefused && (cancelled.has(name) || planned.group === 'deleted') ? ['stopped'] : [];
};

const runOutcomes = ({ planned }: Sent, { arrivals }: Seen): OutcomeKind[] => {
  const arrival = arrivals.get(planned.event.id);
  if (arrival === undefined) return [];
  if (arrival.taken > 0) return ['handed to its function'];
  return planned.group === 'deleted' ? ['handed over when its function was deleted'] : [];
};

const ownOutcomes = (sent: Sent, seen: Seen, isRefused: boolean): OutcomeKind[] => {
  const name = nameOf(sent.planned.event);
  if (sent.planned.group === 'garbage') return [];
  if (name === 'parser.start') return runOutcomes(sent, seen);
  if (name === 'build.start') return buildOutcomes(sent, seen, isRefused);
  if (name === 'job.start') {
    // Its own attempt, or one that was under way already.
    const end = seen.runs.findLast((run) => run.function === sent.planned.ref.function)?.end;
    return end === undefined || isRefused ? [] : [endNames[end]];
  }
  // What is done at once leaves no other trace than the answer.
  return isRefused ? [] : ['done'];
};

export const accountFor = (sent: readonly Sent[], seen: Seen, contacts: Contacts): Accounted[] =>
  sent.map((one): Accounted => {
    const { id } = one.planned.event;
    const rejections = seen.rejections.get(id) ?? 0;
    const refusals: OutcomeKind[] = [
      ...(rejections > 0 ? (['rejected with an event'] as const) : []),
      ...(one.refused.length > 0 ? (['refused by answer'] as const) : []),
      ...(seen.dead.has(id) ? (['dead letter'] as const) : []),
    ];
    const copies = Math.max(0, (seen.arrivals.get(id)?.arrived ?? 0) - 1) + Math.max(0, rejections - 1);
    return { sent: one, offered: contacts.of(id), kinds: [...ownOutcomes(one, seen, refusals.length > 0), ...refusals], copies };
  });
