// The questions of the drill, each with what speaks against a yes. All empty: conserved.
import { annotations as functionAnnotations, specIn } from '../../../src/adapters/kubernetes/functions/function-labels.ts';
import type { Broker } from '../../support/cluster/broker.ts';
import type { BuildRun } from './node.ts';
import type { Left } from './orphans.ts';
import type { Accounted, OutcomeKind } from './outcomes.ts';
import type { Planned } from './planned.ts';

export type Findings = Record<string, string[]>;

const handed: OutcomeKind[] = ['handed to its function', 'dead letter'];
const rejected: OutcomeKind[] = ['rejected with an event', 'refused by answer', 'dead letter'];
const anything = undefined;

/** What may become of a group's events, by their name; every group is in here. */
const allowed: Record<Planned['group'], Record<string, OutcomeKind[] | undefined>> = {
  new: { 'parser.start': handed },
  old: { 'parser.start': handed, 'build.start': ['built', 'dead letter'] },
  equal: { 'build.start': ['built', 'dead letter'] },
  forced: { 'build.start': ['built', 'dead letter'] },
  updated: { 'parser.start': handed, 'build.start': ['built', 'dead letter'] },
  failing: { 'parser.start': rejected, 'build.start': ['failed', ...rejected], 'job.start': ['failed', ...rejected] },
  hanging: { 'parser.start': rejected },
  cancelled: {},
  deleted: {},
  garbage: { any: rejected },
};

const nameOf = ({ event }: Planned): string => event.type.replace('network.notifi.lambda.', '');

const told = ({ sent, kinds, offered }: Accounted): string =>
  `${sent.planned.event.id} (${kinds.join(' + ') || 'nothing'}, offered ${offered} times)`;

const isWrong = ({ sent: { planned }, kinds }: Accounted): boolean => {
  const rules = allowed[planned.group];
  const outcomes = rules.any ?? rules[nameOf(planned)] ?? anything;
  return outcomes !== undefined && kinds.some((kind) => !outcomes.includes(kind));
};

export const judgeEvents = (accounted: readonly Accounted[]): Findings => ({
  'never answered': accounted.filter(({ sent }) => sent.accepted + sent.refused.length === 0).map(told),
  lost: accounted.filter(({ sent, kinds }) => sent.accepted > 0 && kinds.length === 0).map(told),
  'two outcomes of one delivery': accounted.filter(({ kinds, offered }) => kinds.length > 1 && offered === 1).map(told),
  'another outcome than its own': accounted.filter(isWrong).map(told),
});

const pairs = <T>(values: readonly T[]): [T, T][] => values.slice(1).map((value, n) => [values[n] as T, value]);

const told2 = ({ function: name, buildId, attempt }: BuildRun): string => `${name} ${buildId} attempt ${attempt}`;

const groupBy = (runs: readonly BuildRun[], keyOf: (run: BuildRun) => string): BuildRun[][] =>
  Object.values(Object.groupBy(runs, keyOf)).map((group = []) => group.toSorted((a, b) => a.startedAt - b.startedAt));

export const judgeBuilds = (runs: readonly BuildRun[], broker: Broker): Findings => {
  const byBuild = groupBy(runs, ({ buildId }) => buildId);
  const endEvents = broker.events.filter(({ type }) => /\.build\.(complete|failed|timeout)$/.test(type));
  const idsOf = (buildId: string): Set<string> =>
    new Set(endEvents.filter(({ data }) => JSON.stringify(data).includes(buildId)).map(({ id }) => id));
  return {
    'jobs with two pods': groupBy(runs, ({ jobUid }) => jobUid)
      .filter((group) => group.length > 1)
      .map(([first]) => told2(first as BuildRun)),
    'built again after it was built': byBuild
      .flatMap(pairs)
      .filter(([before]) => before.end === 'complete')
      .map(([, run]) => told2(run)),
    'built twice at the same time': byBuild
      .flatMap(pairs)
      .filter(([before, run]) => before.endedAt === undefined || before.endedAt > run.startedAt)
      .map(([, run]) => told2(run)),
    'an attempt that was made twice': groupBy(
      runs.filter(({ end }) => end !== 'stopped'),
      ({ buildId, attempt }) => `${buildId} ${attempt}`,
    )
      .filter((group) => group.length > 1)
      .map(([first]) => told2(first as BuildRun)),
    'more ends told than attempts made': byBuild
      .filter(([first, ...more]) => idsOf(first?.buildId ?? '').size > 1 + more.length)
      .map(([first]) => told2(first as BuildRun)),
  };
};

const served = new Set<Planned['group']>(['new', 'old', 'equal', 'forced', 'updated']);

export const judgeFunctions = (planned: readonly Planned[], runs: readonly BuildRun[], { services, builds }: Left): Findings => {
  const specs = new Map(services.map(({ metadata }) => [metadata.annotations?.[functionAnnotations.function], specIn(metadata)]));
  const names = (is: (one: Planned) => boolean): string[] => [...new Set(planned.filter(is).map(({ ref }) => ref.function))];
  const newestOf = (name: string): number =>
    Math.max(...builds.filter(({ ref, status }) => ref.function === name && status === 'complete').map((b) => b.requestedAt));
  // Also of another build of the same source: an image that is there is deployed without a build.
  const digestsOf = (name: string, image: string): (string | undefined)[] =>
    runs.filter((run) => run.function === name && run.image === image).map(({ digest }) => digest);
  const wanted = names(({ group }) => served.has(group));
  return {
    'functions that are missing': wanted.filter((name) => specs.get(name) === undefined),
    'functions of an older build': wanted.filter((name) => (specs.get(name)?.requestedAt ?? Infinity) < newestOf(name)),
    'functions of another image': wanted.filter((name) => {
      const spec = specs.get(name);
      return spec !== undefined && !digestsOf(name, spec.image).includes(spec.imageDigest);
    }),
    'functions that came back': names(({ isLast }) => isLast).filter((name) => specs.has(name)),
    'functions of failed builds': names(({ group }) => group === 'failing' || group === 'hanging').filter((name) =>
      specs.has(name),
    ),
  };
};
