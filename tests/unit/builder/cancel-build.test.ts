// A build that is cancelled twice, since whoever cancelled it first was cut off. What cancelling does to a job is held by tests/contract.
import { expect, it } from '@jest/globals';
import { createCancelBuild } from '../../../src/builder/cancel-build.ts';
import type { Outcome } from '../../../src/builder/outcome.ts';
import type { Build } from '../../../src/core/build.ts';
import type { FunctionState, ImageBuilder } from '../../../src/ports.ts';
import { buildWith } from '../core/builds.ts';

const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

type World = { builds?: Build[]; current?: FunctionState; cancel?: ImageBuilder['cancel'] };

/** @returns what the sender is told, which builds were cancelled, and why what waits is refused */
const cancelling = async (
  world: World,
  buildId?: string,
): Promise<{ told: Outcome; asked: string[]; refused: string[]; measured: unknown[] }> => {
  const [asked, refused, measured]: [string[], string[], unknown[]] = [[], [], []];
  const { builds = [], cancel = () => Promise.resolve('cancelled') } = world;
  const run = createCancelBuild({
    builds: {
      get: (id) => Promise.resolve(builds.find((build) => build.buildId === id)),
      list: () => Promise.resolve({ items: builds }),
      cancel: (id, reason) => {
        asked.push(id);
        return cancel(id, reason);
      },
      admitNext: () => Promise.resolve(),
      ...{ submit: nothing, logs: nothing, findImage: nothing },
    },
    functions: { get: () => Promise.resolve(world.current), apply: nothing, list: nothing, remove: nothing, invoke: nothing },
    pending: {
      ...{ keep: nothing, deliver: nothing, list: nothing },
      reject: (_ref, { code }) => Promise.resolve(refused.push(code)),
    },
    measure: (build, outcome, endedAt) => measured.push([build.buildId, outcome, endedAt]),
    now: () => 5000,
  });
  const told = await run(buildWith().ref, buildId, undefined);
  return { told, asked, refused, measured };
};

const marked = buildWith({ status: 'cancelled' });
const { buildId } = marked;

it.each([undefined, buildId])(
  'goes on with a build that is marked and still there, and tells who waited for it (%s)',
  async (named) => {
    const { told, asked, refused } = await cancelling({ builds: [marked] }, named);
    expect(told).toMatchObject({ status: 'acknowledged', buildId });
    expect(asked).toEqual([buildId]);
    expect(refused).toEqual(['BUILD_CANCELLED']);
  },
);

it.each([undefined, buildId])('tells who waited also when the build is gone by then, and is no error (%s)', async (named) => {
  const { told, refused } = await cancelling({}, named);
  expect(told.status).toBe('skipped');
  expect(refused).toEqual(['BUILD_CANCELLED']);
});

it('tells who waited also where a cancelled build is remembered', async () => {
  const { told, refused } = await cancelling({ builds: [marked], cancel: () => Promise.resolve('ended') });
  expect(told.status).toBe('skipped');
  expect(refused).toEqual(['BUILD_CANCELLED']);
});

it.each<[string, World]>([
  ['a build that runs', { builds: [buildWith({ status: 'running' })] }],
  ['a build that has completed and is about to be deployed', { builds: [buildWith({ status: 'complete' })] }],
  ['the function itself', { current: {} as FunctionState }],
])('leaves what waits to %s', async (_, world) => {
  const { told, refused } = await cancelling({ ...world, cancel: () => Promise.resolve('ended') });
  expect(told.status).toBe('skipped');
  expect(refused).toEqual([]);
});

it('measures what was cancelled, and nothing else', async () => {
  const running = { builds: [buildWith({ status: 'running', startedAt: 3000 })] };
  expect((await cancelling(running)).measured).toEqual([[buildId, 'cancelled', 5000]]);
  expect((await cancelling({ builds: [{ ...marked, endedAt: 4000 }] })).measured).toEqual([[buildId, 'cancelled', 4000]]);
  expect((await cancelling({ ...running, cancel: () => Promise.resolve('ended') })).measured).toEqual([]);
});
