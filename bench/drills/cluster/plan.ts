// The 500 events of the drill: what each is, about which function, when it is sent, by which way, and how often.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { defaultSourceKey, eventSourceOf, type FunctionRef } from '../../../src/core/function.ts';
import type { Chance } from './chance.ts';
import { garbage } from './garbage.ts';
import { waveMs, type Group, type Planned, type Way } from './planned.ts';

type Sketch = { name: string; data?: object; from: number; to: number; isLast?: boolean; isAlone?: boolean };
type FunctionPlan = { group: Group; ref: FunctionRef; sketches: readonly Sketch[] };

const run = (from: number, to = waveMs): Sketch => ({ name: 'parser.start', data: { parameters: { blockId: 1 } }, from, to });
const build = (from: number, to = waveMs, data: object = {}): Sketch => ({ name: 'build.start', data, from, to });
const many = (count: number, sketch: Sketch): Sketch[] => Array.from({ length: count }, () => sketch);

/** How many functions there are of each group, and what happens to the nth. */
const groups: Record<Exclude<Group, 'garbage'>, [count: number, sketches: (n: number, ref: FunctionRef) => Sketch[]]> = {
  new: [40, (n) => many(3, run((n % 10) * 8_000, (n % 10) * 8_000 + 15_000))],
  old: [15, () => [build(0, 10_000), ...many(6, run(15_000))]],
  equal: [15, (n) => many(4, build((n % 5) * 15_000, (n % 5) * 15_000 + 12_000))],
  forced: [8, () => [build(0, 30_000), ...many(2, build(10_000, 80_000, { force: true, priority: 3 }))]],
  updated: [
    8,
    (_, ref) => [build(0, 10_000), build(40_000, 60_000, { s3_key: `${defaultSourceKey(ref)}-2` }), ...many(2, run(20_000))],
  ],
  failing: [10, (n) => [...many(2, run(0, 80_000)), build(0, 80_000), ...(n % 2 === 0 ? [] : [{ ...again, isAlone: true }])]],
  hanging: [2, () => [run(0, 20_000)]],
  cancelled: [12, (n) => cancelledAfter((n % 6) * 13_000)],
  deleted: [
    14,
    (n) => [build(0, 20_000), ...many(2, run(10_000, 70_000)), n % 2 === 0 ? { ...removal, isLast: true } : { ...removal }],
  ],
};

const again: Sketch = { name: 'job.start', from: 90_000, to: waveMs };
const removal: Sketch = { name: 'service.delete', from: 20_000, to: 90_000 };
const cancelledAfter = (ms: number): Sketch[] => [
  { ...run(ms, ms + 1_000), isAlone: true },
  { ...build(ms, ms + 1_000), isAlone: true },
  { name: 'build.cancel', data: { reason: 'drill' }, from: ms + 1_200, to: ms + 6_000 },
];

const tenants = 12;

const functionPlans = (): FunctionPlan[] =>
  Object.entries(groups).flatMap(([group, [count, sketchesOf]]) =>
    Array.from({ length: count }, (_, n) => {
      const ref = { tenant: `tenant-${n % tenants}`, function: `${group}-${n}` };
      return { group: group as Group, ref, sketches: sketchesOf(n, ref) };
    }),
  );

/** A few come from a sender that is no tenant (a curl), and name the function in their data. */
const eventOf = (id: string, ref: FunctionRef, { name, data = {} }: Sketch, isForeign: boolean): CloudEvent => ({
  specversion: '1.0',
  id,
  type: `network.notifi.lambda.${name}`,
  ...(isForeign ? { source: 'test-cli' } : { source: eventSourceOf(ref), subject: ref.function }),
  datacontenttype: 'application/json',
  extensions: {},
  data: { json: { ...(isForeign ? { third_party_id: ref.tenant, parser_id: ref.function } : {}), ...data } },
});

/** A fifth of all is sent two or three times. */
const timesOf = ({ from, to, isAlone }: Sketch, chance: Chance): number[] => {
  const first = chance.between(from, to);
  const copies = isAlone === true || chance.next() > 0.2 ? 0 : chance.of([1, 2]);
  return [first, ...Array.from({ length: copies }, () => first + chance.of([0, 50, 1_000, 10_000]))];
};

export const planEvents = (chance: Chance): Planned[] => {
  const planned = functionPlans().flatMap(({ group, ref, sketches }) =>
    sketches.map((sketch, n): Planned => {
      const id = `${ref.function}-${sketch.name.replace('.', '-')}-${n}`;
      const event = eventOf(id, ref, sketch, chance.next() < 0.1);
      const way: Way = chance.next() < 0.5 ? 'broker' : 'direct';
      return { group, ref, event, way, at: timesOf(sketch, chance), isLast: sketch.isLast === true };
    }),
  );
  return [...planned, ...garbage(30, chance)];
};
