// Builds are counted once, where only their completions tell of them: brokers deliver at least once.
import { expect, it } from '@jest/globals';
import { createFinishBuild } from '../../../src/builder/finish-build.ts';
import { createMeasureBuild } from '../../../src/builder/measure-build.ts';
import { createBuilderMetrics } from '../../../src/builder/metrics.ts';
import type { Build } from '../../../src/core/build.ts';
import { CodedError } from '../../../src/core/errors.ts';
import type { LambdaEvent } from '../../../src/core/events.ts';
import { createRegistry } from '../../../src/ops/metrics.ts';
import type { FunctionState } from '../../../src/ports.ts';
import { buildWith } from '../core/builds.ts';

const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

const digest = `sha256:${'a'.repeat(64)}`;
const ended = buildWith({ status: 'complete', startedAt: 3_000, endedAt: 8_000 });

const completing = (build: Build, deployed: () => Promise<void> = () => Promise.resolve()) => {
  const measured: unknown[][] = [];
  const finish = createFinishBuild({
    builds: {
      get: () => Promise.resolve(build),
      findImage: () => Promise.resolve(digest),
      admitNext: () => Promise.resolve(),
      list: () => Promise.resolve({ items: [] }),
      ...{ submit: nothing, logs: nothing, cancel: nothing },
    },
    functions: { apply: nothing, get: () => Promise.resolve(undefined), list: nothing, remove: nothing, invoke: nothing },
    pending: { keep: nothing, deliver: nothing, reject: () => Promise.resolve(0), list: nothing },
    deploy: async () => {
      await deployed();
      return { outcome: 'created', state: {} as FunctionState };
    },
    measure: createMeasureBuild((...end) => measured.push(end)),
  });
  const { ref, buildId } = build;
  const completion = { name: `build.${build.status}`, ref, data: { build_id: buildId } };
  return { finish: () => finish(completion as LambdaEvent<'build.complete'>, build), measured };
};

it.each([
  ['completed', ended, ['nodejs24', 'complete', 5]],
  ['failed', { ...ended, status: 'failed' as const }, ['nodejs24', 'failed', 5]],
])('a build that %s is measured once, however often its completion comes', async (_, build, end) => {
  const { finish, measured } = completing(build);
  await finish();
  await finish();
  expect(measured).toEqual([end]);
});

it('a completion that could not be handled is measured when it comes again', async () => {
  const answers = [Promise.reject(new CodedError('CLUSTER_UNAVAILABLE', 'not now')), Promise.resolve()];
  const { finish, measured } = completing(ended, () => answers.shift() ?? nothing());
  await expect(finish()).rejects.toMatchObject({ code: 'CLUSTER_UNAVAILABLE' });
  expect(measured).toEqual([]);
  await finish();
  expect(measured).toHaveLength(1);
});

it('the next attempt is another build', () => {
  const measured: unknown[][] = [];
  const measure = createMeasureBuild((...end) => measured.push(end));
  for (const attempt of [1, 2, 2]) measure({ ...ended, attempt }, 'failed', 8_000);
  expect(measured).toHaveLength(2);
});

it('a build that never began, or whose clocks differ, takes no time that was not measured', async () => {
  const registry = createRegistry();
  const metrics = createBuilderMetrics(registry);
  const measure = createMeasureBuild((...end) => metrics.buildEnded(...end));
  measure(buildWith({ buildId: 'a' }), 'failed', 8_000);
  measure({ ...ended, buildId: 'b', startedAt: 9_000 }, 'complete', 8_000);
  const text = await registry.metrics();
  expect(text).toContain('knative_lambda_build_success_rate 0.5');
  expect(text).not.toContain('outcome="failed"');
  expect(text).toContain('knative_lambda_build_duration_seconds_sum{runtime="nodejs24",outcome="complete"} 0');
});
