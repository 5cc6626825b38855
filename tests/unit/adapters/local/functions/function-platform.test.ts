import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { serviceName } from '../../../../../src/core/function.ts';
import type { FunctionSpec } from '../../../../../src/ports.ts';
import { answerOf, eventOf, ref, specOf, type Answer } from '../../../../contract/function-events.ts';
import { settled } from '../../../../contract/function-platform.ts';
import { createLocalHarness, isAlive, type LocalHarness } from '../../../../contract/function-platform-local.ts';

const never = new AbortController().signal;
let harness: LocalHarness;
beforeEach(async () => {
  harness = await createLocalHarness({ maxReplicas: 1 });
});
afterEach(() => harness.close());

const specFor = async (behaviour: Parameters<LocalHarness['image']>[0], requestedAt: number): Promise<FunctionSpec> =>
  specOf(ref, await harness.image(behaviour), requestedAt);
const invoke = async (data: unknown): Promise<Answer> => answerOf(await harness.platform.invoke(ref, eventOf(data), never));
const recordsFolder = (): string => join(harness.dataDir, 'functions');

describe('a new image while requests run', () => {
  test('takes every request from then on, and drops none of those in hand', async () => {
    await harness.platform.apply(await specFor({ version: 'one' }, 1));
    const { pid } = await invoke({});
    const inHand = Array.from({ length: 10 }, () => invoke({ wait: 400 }));
    await sleep(100);
    expect((await harness.platform.apply(await specFor({ version: 'two' }, 2))).outcome).toBe('updated');
    expect((await invoke({})).version).toBe('two');
    expect((await Promise.all(inHand)).map(({ version }) => version)).toEqual(Array(10).fill('one'));
    for (let i = 0; i < 100 && isAlive(pid); i++) await sleep(25);
    expect(isAlive(pid)).toBe(false);
    expect(await settled(harness.platform, ref)).toMatchObject({ state: 'ready', replicas: 1 });
  });

  test('also takes those that still wait', async () => {
    await harness.platform.apply(await specFor({ version: 'one' }, 1));
    await invoke({});
    const inHand = Array.from({ length: 10 }, () => invoke({ wait: 300 }));
    const waiting = invoke({});
    await harness.platform.apply(await specFor({ version: 'two' }, 2));
    expect((await waiting).version).toBe('two');
    await Promise.all(inHand);
  });
});

describe('removing a function while requests run', () => {
  test('finishes those in hand, refuses those that wait, and leaves no process', async () => {
    await harness.platform.apply(await specFor({ version: 'one' }, 1));
    const { pid } = await invoke({});
    const inHand = Array.from({ length: 10 }, () => invoke({ wait: 300 }));
    const waiting = invoke({});
    const refused = expect(waiting).rejects.toMatchObject({ code: 'FUNCTION_NOT_FOUND' });
    await sleep(100);
    expect(await harness.platform.remove(ref)).toBe('deleted');
    expect(isAlive(pid)).toBe(false);
    await refused;
    expect(await Promise.all(inHand)).toHaveLength(10);
    expect(await readdir(recordsFolder())).toEqual([]);
  });

  test('while it is starting ends the start', async () => {
    await harness.platform.apply(await specFor({ version: 'one', startsAfter: 60_000 }, 1));
    await sleep(100);
    expect(await harness.platform.remove(ref)).toBe('deleted');
    expect(harness.settled).toEqual([]);
  });
});

describe('closing', () => {
  test('finishes what is in hand and refuses what comes', async () => {
    await harness.platform.apply(await specFor({ version: 'one' }, 1));
    await invoke({});
    const inHand = invoke({ wait: 300 });
    await sleep(50);
    const closed = harness.platform.close();
    await expect(invoke({})).rejects.toMatchObject({ code: 'STOPPING' });
    await expect(harness.platform.apply(await specFor({ version: 'two' }, 2))).rejects.toMatchObject({ code: 'STOPPING' });
    await closed;
    expect((await inHand).version).toBe('one');
    expect(await harness.pids()).toEqual([]);
  });
});

describe('after a restart', () => {
  test('what was ready is ready, at zero, and what was removed stays so', async () => {
    await harness.platform.apply(await specFor({ version: 'one' }, 1));
    await settled(harness.platform, ref);
    await harness.platform.close();
    const platform = await harness.restart();
    expect(await platform.get(ref)).toMatchObject({ state: 'ready', replicas: 0, requestedAt: 1 });
    expect(await harness.pids()).toEqual([]);
    expect((await invoke({})).version).toBe('one');
    await platform.remove(ref);
    await platform.close();
    await harness.restart();
    expect(await harness.platform.get(ref)).toBeUndefined();
  });

  test('what was deploying is checked again, and told when it settles', async () => {
    await harness.platform.apply(await specFor({ version: 'one', startsAfter: 400 }, 1));
    await harness.platform.close();
    expect(harness.settled).toEqual([]);
    const platform = await harness.restart();
    expect((await platform.get(ref))?.state).toBe('deploying');
    await settled(platform, ref);
    expect(harness.settled.map(({ name, state }) => [name, state])).toEqual([[serviceName(ref), 'ready']]);
  });

  const inAnotherProcess = async (then: string): Promise<ReturnType<typeof spawn>> => {
    const spec = await specFor({ version: 'one' }, 1);
    const script = fileURLToPath(new URL('../../../../contract/platform-process.ts', import.meta.url));
    const folder = join(harness.dataDir, 'images', spec.imageDigest.slice(7));
    return spawn(process.execPath, [script, harness.dataDir, folder, JSON.stringify(spec), then], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  };

  test('that follows a kill -9 no process of the dead platform is left, and the function serves', async () => {
    await harness.platform.close();
    const dead = await inAnotherProcess('stay');
    if (dead.stdout === null) throw new Error('it has an output');
    const [line] = (await once(createInterface({ input: dead.stdout }), 'line')) as [string];
    const { pid } = JSON.parse(line) as Answer;
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    expect(isAlive(pid)).toBe(true);
    const platform = await harness.restart();
    expect(isAlive(pid)).toBe(false);
    expect(await platform.get(ref)).toMatchObject({ requestedAt: 1 });
    expect((await invoke({})).version).toBe('one');
  });

  test('nothing keeps a process alive once its platform is closed', async () => {
    await harness.platform.close();
    const child = await inAnotherProcess('close');
    const began = performance.now();
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);
    expect(performance.now() - began).toBeLessThan(8_000);
    await harness.restart();
  });
});

test("a function's process gets its own environment, and nothing of the platform's", async () => {
  process.env.PLATFORM_SECRET = 'do not hand on';
  await harness.platform.apply(await specFor({ version: 'one' }, 1));
  const given = await invoke({});
  delete process.env.PLATFORM_SECRET;
  const ofTheShellThatStartsIt = ['PWD', 'SHLVL', 'OLDPWD', '_'];
  const environment = Object.entries(given.environment).filter(([name]) => !ofTheShellThatStartsIt.includes(name));
  expect(Object.fromEntries(environment)).toEqual({
    PATH: process.env.PATH,
    GRPC_INSECURE: 'true',
    PORT: '0',
    HOST: '127.0.0.1',
    FUNCTION_TENANT: ref.tenant,
    FUNCTION_NAME: ref.function,
    TIMEOUT_SECONDS: '60',
    BODY_LIMIT_BYTES: '10485760',
    DRAIN_SECONDS: '5',
    LOG_LEVEL: 'info',
  });
});

test('what a function prints is in the log under its ids and its build', async () => {
  await harness.platform.apply(await specFor({ version: 'one' }, 1));
  await invoke({ say: 'hello from the function' });
  await sleep(50);
  expect(harness.logs.find(({ msg }) => msg === 'hello from the function')).toMatchObject({
    level: 'info',
    third_party_id: ref.tenant,
    parser_id: ref.function,
    build_id: specOf(ref, { image: '', imageDigest: '' }, 1).buildId,
  });
});

test('a spec that cannot be written down is refused with 503, and nothing runs', async () => {
  await rm(recordsFolder(), { recursive: true });
  await writeFile(recordsFolder(), 'a file where the folder should be');
  await expect(harness.platform.apply(await specFor({ version: 'one' }, 1))).rejects.toMatchObject({
    code: 'CLUSTER_UNAVAILABLE',
  });
  expect(await harness.platform.get(ref)).toBeUndefined();
  expect(await harness.pids()).toEqual([]);
});

test('many applied at once in any order end with the latest, on the disk as well', async () => {
  const specs = await Promise.all([3, 1, 5, 2, 4].map((at) => specFor({ version: `v${at}` }, at)));
  await Promise.all(specs.map((spec) => harness.platform.apply(spec)));
  expect((await invoke({})).version).toBe('v5');
  const stored = JSON.parse(await readFile(join(recordsFolder(), `${serviceName(ref)}.json`), 'utf8')) as FunctionSpec;
  expect(stored.requestedAt).toBe(5);
});
