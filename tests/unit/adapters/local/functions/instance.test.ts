import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import type { FunctionPlatformDeps } from '../../../../../src/adapters/local/functions/function-platform.ts';
import type { FunctionPlatformOptions } from '../../../../../src/adapters/local/functions/function-options.ts';
import { CodedError } from '../../../../../src/core/errors.ts';
import type { FunctionState } from '../../../../../src/ports.ts';
import { answerOf, eventOf, ref, specOf, type Answer } from '../../../../contract/function-events.ts';
import { settled } from '../../../../contract/function-platform.ts';
import {
  createLocalHarness,
  isAlive,
  type LocalBehaviour,
  type LocalHarness,
} from '../../../../contract/function-platform-local.ts';

const never = new AbortController().signal;

let harness: LocalHarness;
afterEach(() => harness.close());

const deployed = async (
  behaviour: Partial<LocalBehaviour> = {},
  options: Partial<FunctionPlatformOptions> = {},
  deps: Partial<FunctionPlatformDeps> = {},
): Promise<FunctionState> => {
  harness = await createLocalHarness(options, deps);
  await harness.platform.apply(specOf(ref, await harness.image({ version: 'one', ...behaviour }), 1));
  return settled(harness.platform, ref);
};

const invoke = async (data: unknown): Promise<Answer> => answerOf(await harness.platform.invoke(ref, eventOf(data), never));
const refusalOf = (data: unknown): Promise<CodedError | undefined> =>
  harness.platform.invoke(ref, eventOf(data), never).then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof CodedError ? thrown : undefined),
  );

describe('a function that dies', () => {
  test('in the middle of its requests refuses them all with 503, and is started again after a second', async () => {
    await deployed();
    const { pid } = await invoke({});
    const began = performance.now();
    const refusals = await Promise.all([
      refusalOf({ wait: 1_000 }),
      refusalOf({ wait: 100, exit: 3 }),
      refusalOf({ wait: 1_000 }),
    ]);
    expect(refusals.map((refusal) => refusal?.code)).toEqual(Array(3).fill('FUNCTION_UNAVAILABLE'));
    expect(performance.now() - began).toBeLessThan(900);
    const next = await invoke({});
    expect(next.pid).not.toBe(pid);
    expect(performance.now() - began).toBeGreaterThan(1_000);
    expect(harness.logs.find(({ msg }) => msg === 'a replica ended by itself')).toMatchObject({
      how: 'ended with exit code 3',
      parser_id: ref.function,
    });
  });

  test('by kill -9 while it is idle is there for the next request', async () => {
    await deployed();
    const { pid } = await invoke({});
    process.kill(pid, 'SIGKILL');
    await sleep(100);
    expect((await harness.platform.get(ref))?.replicas).toBe(0);
    expect((await invoke({})).pid).not.toBe(pid);
  });

  test('and serves again begins with the shortest wait the next time', async () => {
    await deployed();
    for (let round = 0; round < 2; round++) {
      await refusalOf({ exit: 1 });
      const began = performance.now();
      await invoke({});
      expect(performance.now() - began).toBeLessThan(1_900);
    }
  });
});

describe('a function that cannot start', () => {
  test('is tried again after 1 s, 2 s, 4 s …, and each refusal says when to come back', async () => {
    const state = await deployed({ throws: 'the table is missing' });
    expect(state).toMatchObject({ state: 'failed', replicas: 0 });
    expect(state.reason).toMatch(/^The function ended with exit code 1\. Its last words:\n/);
    const began = performance.now();
    expect((await refusalOf({}))?.details.retryAfterSeconds).toBe(2);
    const waited = performance.now() - began;
    expect((await refusalOf({}))?.details.retryAfterSeconds).toBe(4);
    expect(waited).toBeGreaterThan(900);
    expect(performance.now() - began).toBeGreaterThan(2_900);
    expect(harness.settled.map(({ state: told }) => told)).toEqual(['failed']);
  });

  test('refuses at once when the wait is longer than a request may wait', async () => {
    await deployed({ throws: 'no' }, { timeoutSeconds: 0.5 });
    const began = performance.now();
    expect(await refusalOf({})).toMatchObject({ code: 'FUNCTION_UNAVAILABLE', details: { retryAfterSeconds: 1 } });
    expect(performance.now() - began).toBeLessThan(300);
  });

  test('because it is never ready is failed after its time, and its process is gone', async () => {
    const state = await deployed({ neverReady: true }, { readyTimeoutMs: 600 });
    expect(state.state).toBe('failed');
    expect(state.reason).toContain('was not ready after 0.6 s');
    expect(await harness.pids()).toEqual([]);
  });

  test('because its image is not there is failed with that reason', async () => {
    const state = await deployed({}, {}, { imageFolder: () => Promise.resolve(undefined) });
    expect(state).toMatchObject({ state: 'failed' });
    expect(state.reason).toContain('is not here');
  });

  test('because its program is not there is failed with that reason', async () => {
    const state = await deployed({}, {}, { startCommand: () => Promise.resolve(['no-such-program']) });
    expect(state).toMatchObject({ state: 'failed' });
    expect(state.reason).toMatch(/could not be started|exit code 127/);
  });

  test('because a dependency of the platform breaks is failed without its inner text', async () => {
    const state = await deployed({}, {}, { imageFolder: () => Promise.reject(new Error('/secret/path is broken')) });
    expect(state).toMatchObject({ state: 'failed', reason: 'The function could not be started' });
    expect(harness.logs.some((line) => JSON.stringify(line).includes('/secret/path'))).toBe(true);
  });
});

describe('a function that is stuck', () => {
  test('is refused with 504 after its time, ended, and replaced', async () => {
    await deployed({}, { timeoutSeconds: 0.3 });
    const { pid } = await invoke({});
    expect(await refusalOf({ spin: 60_000 })).toMatchObject({ code: 'FUNCTION_TIMEOUT' });
    for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(25);
    expect(isAlive(pid)).toBe(false);
  });

  test('in one request only keeps serving the others', async () => {
    await deployed({}, { timeoutSeconds: 0.3 });
    const { pid } = await invoke({});
    expect(await refusalOf({ wait: 60_000 })).toMatchObject({ code: 'FUNCTION_TIMEOUT' });
    expect((await invoke({})).pid).toBe(pid);
  });
});

test('a call may take longer than an idle connection is kept, and another may come when none is kept any more', async () => {
  await deployed();
  const { pid } = await invoke({ wait: 2_400 });
  await sleep(2_400);
  expect((await invoke({})).pid).toBe(pid);
});

describe('a reply', () => {
  test('of 10 MiB is handed on', async () => {
    await deployed();
    const reply = await harness.platform.invoke(ref, eventOf({ bytes: 10 * 2 ** 20 }), never);
    expect(reply.body.length).toBe(10 * 2 ** 20);
  });

  test.each([true, false])(
    'of 11 MiB is refused for good, and the function serves on (its length told first: %s)',
    async (told) => {
      await deployed();
      const { pid } = await invoke({});
      expect(await refusalOf({ bytes: 11 * 2 ** 20, chunked: !told })).toMatchObject({
        code: 'FUNCTION_ERROR_PERMANENT',
        retryable: false,
      });
      expect((await invoke({})).pid).toBe(pid);
    },
  );

  test.each(['reset', 'garbage', 'half', 'upgrade'])('that breaks off (%s) is a 503, and the function serves on', async (how) => {
    await deployed({}, { timeoutSeconds: 1 });
    const { pid } = await invoke({});
    expect(await refusalOf({ [how]: true })).toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    expect((await invoke({})).pid).toBe(pid);
  });
});

test('the end of a function is the end of its group, whatever it ignores', async () => {
  await deployed({ ignoresTerm: true }, { drainMs: 300 });
  const { pid } = await invoke({});
  const began = performance.now();
  expect(await harness.platform.remove(ref)).toBe('deleted');
  expect(isAlive(pid)).toBe(false);
  expect(performance.now() - began).toBeLessThan(2_000);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
});
