import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FunctionPlatformOptions } from '../../../../../src/adapters/local/functions/function-options.ts';
import { answerOf, eventOf, ref, specOf, type Answer } from '../../../../contract/function-events.ts';
import { createActivator } from '../../../../../src/adapters/local/functions/activator.ts';
import { unavailable } from '../../../../../src/core/function-failures.ts';
import { withDefaults } from '../../../../../src/adapters/local/functions/function-options.ts';
import { writeEvent } from '../../../../../src/core/http-binding.ts';
import { createLogger } from '../../../../../src/ops/logger.ts';
import { settled } from '../../../../contract/function-platform.ts';
import {
  createLocalHarness,
  isAlive,
  type LocalBehaviour,
  type LocalHarness,
} from '../../../../contract/function-platform-local.ts';

const never = new AbortController().signal;

let harness: LocalHarness;

const deployed = async (
  options: Partial<FunctionPlatformOptions> = {},
  behaviour: LocalBehaviour = { version: 'one' },
): Promise<void> => {
  harness = await createLocalHarness(options);
  await harness.platform.apply(specOf(ref, await harness.image(behaviour), 1));
  await settled(harness.platform, ref);
};

const invoke = async (data: unknown, signal = never): Promise<Answer> =>
  answerOf(await harness.platform.invoke(ref, eventOf(data), signal));
const invokeTimes = (times: number, data: unknown): Promise<Answer[]> =>
  Promise.all(Array.from({ length: times }, () => invoke(data)));
const replicas = async (): Promise<number | undefined> => (await harness.platform.get(ref))?.replicas;

const until = async (what: string, condition: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 400; i++) {
    if (await condition()) return;
    await sleep(25);
  }
  throw new Error(`it never came to that: ${what}`);
};
const untilReplicas = (count: number): Promise<void> => until(`${count} replicas`, async () => (await replicas()) === count);

describe('a function without requests', () => {
  afterEach(() => harness.close());

  test('is at zero after the grace period, and starts again for the next request', async () => {
    await deployed({ gracePeriodMs: 150 });
    const { pid } = await invoke({});
    await untilReplicas(0);
    await until('no process', async () => (await harness.pids()).length === 0);
    expect(isAlive(pid)).toBe(false);
    expect((await harness.platform.get(ref))?.state).toBe('ready');
    const before = harness.coldStarts.length;
    expect((await invoke({})).pid).not.toBe(pid);
    expect(harness.coldStarts).toHaveLength(before + 1);
    expect(harness.coldStarts.at(-1)).toBeGreaterThan(0.01);
  });

  test('stays as long as it is used, however short the grace period', async () => {
    await deployed({ gracePeriodMs: 300 });
    const { pid } = await invoke({});
    for (let i = 0; i < 5; i++) {
      await sleep(150);
      expect((await invoke({})).pid).toBe(pid);
    }
  });

  test('takes with it what it had started itself', async () => {
    await deployed({ gracePeriodMs: 150 });
    const { data } = await invoke({ spawn: true });
    const { child } = data as { child: number };
    expect(isAlive(child)).toBe(true);
    await untilReplicas(0);
    await until('no child', () => Promise.resolve(!isAlive(child)));
  });
});

describe('a burst', () => {
  afterEach(() => harness.close());

  test('of 20 requests is held during a cold start and served by two replicas, ten at once in each', async () => {
    await deployed({ gracePeriodMs: 100 });
    await untilReplicas(0);
    const answers = await invokeTimes(20, { wait: 400 });
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(2);
    expect(Math.max(...answers.map(({ most }) => most))).toBe(10);
    await untilReplicas(0);
  });

  test('never starts more replicas than the maximum, and the rest waits', async () => {
    await deployed({ maxReplicas: 2, concurrency: 2, target: 2 });
    const answers = await invokeTimes(12, { wait: 400 });
    expect(new Set(answers.map(({ pid }) => pid)).size).toBe(2);
    expect(Math.max(...answers.map(({ most }) => most))).toBe(2);
  });

  test('leaves no more replicas than the load after it needs', async () => {
    await deployed({ concurrency: 1, target: 1, gracePeriodMs: 250 });
    await invokeTimes(3, { wait: 200 });
    expect(await replicas()).toBe(3);
    const end = Date.now() + 600;
    while (Date.now() < end) await invoke({ wait: 10 });
    expect(await replicas()).toBe(1);
  });
});

describe('requests that wait', () => {
  afterEach(() => harness.close());

  test('are served in the order in which they came', async () => {
    await deployed({ maxReplicas: 1, concurrency: 1, gracePeriodMs: 50 });
    await untilReplicas(0);
    const served: number[] = [];
    await Promise.all([0, 1, 2, 3, 4].map((place) => invoke({ wait: 20 }).then(() => served.push(place))));
    expect(served).toEqual([0, 1, 2, 3, 4]);
  });

  test('leave the line when their caller gives up, and the next one moves up', async () => {
    await deployed({ maxReplicas: 1, concurrency: 1 });
    const given = new AbortController();
    const first = invoke({ wait: 300 });
    const second = invoke({ say: 'never run' }, given.signal);
    const third = invoke({});
    setTimeout(() => given.abort(), 50);
    await expect(second).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    expect((await third).pid).toBe((await first).pid);
    expect(harness.logs.some(({ msg }) => msg === 'never run')).toBe(false);
  });

  test('are refused at once when too many wait already', async () => {
    await deployed({ maxReplicas: 1, concurrency: 1, maxWaiting: 2 });
    const held = [invoke({ wait: 300 }), invoke({}), invoke({})];
    await expect(invoke({})).rejects.toMatchObject({
      code: 'FUNCTION_UNAVAILABLE',
      message: 'Too many requests wait for the function already',
    });
    await Promise.all(held);
  });

  test('are refused after the time that a call has, with the time to come back', async () => {
    await deployed({ maxReplicas: 1, concurrency: 1, timeoutSeconds: 0.4 });
    const first = invoke({ wait: 800 });
    await expect(invoke({})).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE', details: { retryAfterSeconds: 1 } });
    await first;
  });
});

describe('a function that is built anew', () => {
  afterEach(() => harness.close());

  const deployNext = async (): Promise<void> => {
    await harness.platform.apply(specOf(ref, await harness.image({ version: 'two' }), 2));
    await settled(harness.platform, ref);
  };

  test('ends what it has in hand on the old process, however much longer that takes than a stop may', async () => {
    await deployed({ drainMs: 200 });
    const inHand = invoke({ wait: 2_000 });
    await sleep(50);
    await deployNext();
    const after = await invoke({});
    const before = await inHand;
    expect([before.version, after.version]).toEqual(['one', 'two']);
    await until('no old process', () => Promise.resolve(!isAlive(before.pid)));
  });

  test('does not hold up the end of the platform', async () => {
    await deployed({ drainMs: 200 });
    const inHand = expect(invoke({ wait: 20_000 })).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    await sleep(50);
    await deployNext();
    const begun = performance.now();
    await harness.platform.close();
    expect(performance.now() - begun).toBeLessThan(5_000);
    await inHand;
  });
});

describe('an activator that is stopped', () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;

  test('in the middle of a backoff refuses who waits and who comes, starts nothing more, and leaves no timer', async () => {
    let starts = 0;
    const nothing = (): void => undefined;
    const deps = {
      start: () => {
        starts++;
        return Promise.reject(unavailable('no'));
      },
      ready: nothing,
      failed: nothing,
      coldStart: nothing,
      replicas: nothing,
      logger: await createLogger({ level: 'silent', pretty: false, name: 'test' }),
    };
    const spec = specOf(ref, { image: 'image', imageDigest: 'sha256:0' }, 1);
    const activator = createActivator(spec, deps, withDefaults({ dataDir: '', publicUrl: () => '', environment: {} }));
    const message = writeEvent(eventOf({}));
    await expect(activator.invoke(message, never)).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    const before = timers();
    const waiting = expect(activator.invoke(message, never)).rejects.toThrow('stopped');
    await activator.stop(new Error('stopped'));
    await waiting;
    await expect(activator.invoke(message, never)).rejects.toThrow('stopped');
    activator.deploy(spec);
    expect([starts, timers()]).toEqual([1, before]);
  });
});
