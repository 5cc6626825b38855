import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { progressAnnotations } from '../../../src/core/build-progress.ts';
import { monitorContainer } from '../../../src/adapters/kubernetes/builds/monitor-container.ts';
import { peakMemory } from '../../support/leaks.ts';
import { buildWith } from '../core/builds.ts';
import { startFakeApiServer, type FakeApiServer } from './fake-api-server.ts';
import { startFakeBroker } from './fake-broker.ts';
import { completed, deleting, ended, running } from './pods.ts';

const root = join(import.meta.dirname, '../../..');
const source = join(root, 'src/build-monitor/main.ts');
/** As it is shipped: `npm run build`. */
const bundle = join(root, 'dist/build-monitor/main.js');
const build = buildWith();
/** What its container tells Node: between `node` and the file. It can read JavaScript only. */
const flags = monitorContainer(build, 1, { monitorImage: '', brokerUrl: '' }).command.slice(1, -1);
const mebibyte = 2 ** 20;

const isBundled = await access(bundle).then(
  () => true,
  () => false,
);

type Run = { child: ChildProcess; output: () => string; peak: () => number; code: Promise<number | null> };

/** The process, and the most memory that it held while it ran. */
const run = (program: string, environment: Record<string, string>): Run => {
  const child = spawn(process.execPath, [...(program === bundle ? flags : []), program], {
    env: { PATH: process.env.PATH, ...environment },
  });
  let [output, peak] = ['', 0];
  const keep = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const sample = setInterval(() => void peakMemory(child.pid ?? 0).then((now) => (peak = Math.max(peak, now))), 20);
  const code = once(child, 'exit').then(([exitCode]) => {
    clearInterval(sample);
    return exitCode as number | null;
  });
  return { child, output: () => output, peak: () => peak, code };
};

describe('the process of the build monitor', () => {
  let server: FakeApiServer;
  let broker: Awaited<ReturnType<typeof startFakeBroker>>;
  let environment: Record<string, string>;
  let runs: Run[];

  const start = (program = source): Run => {
    const started = run(program, environment);
    runs.push(started);
    return started;
  };
  const until = async (holds: () => boolean, otherwise: string): Promise<void> => {
    const deadline = Date.now() + 20_000;
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`${otherwise}: ${runs.map(({ output }) => output()).join()}`);
      await sleep(5);
    }
  };
  const untilPhase = (phase: string): Promise<void> =>
    until(() => server.state.job?.metadata.annotations[progressAnnotations.phase] === phase, `The phase never was "${phase}"`);

  beforeEach(async () => {
    server = await startFakeApiServer(build.jobName);
    broker = await startFakeBroker();
    runs = [];
    environment = {
      POD_NAME: 'pod',
      POD_NAMESPACE: 'builds',
      BUILD_ID: build.buildId,
      ATTEMPT: '1',
      THIRD_PARTY_ID: build.ref.tenant,
      PARSER_ID: build.ref.function,
      IMAGE_URI: build.image,
      CONTENT_HASH: build.contentHash,
      CAUSE_SOURCE: build.cause.source,
      CAUSE_ID: build.cause.id,
      CORRELATION_ID: build.correlationId,
      TRACEPARENT: build.traceparent,
      BROKER_URL: broker.url.href,
      KUBERNETES_SERVICE_HOST: '127.0.0.1',
      KUBERNETES_SERVICE_PORT: String(server.port),
      CREDENTIALS_DIR: server.credentialsFolder,
      PROGRESS_SECONDS: '1',
      TELL_SECONDS: '5',
    };
  });
  afterEach(async () => {
    for (const { child, code } of runs) {
      child.kill('SIGKILL');
      await code;
    }
    await server.close();
    await broker.close();
  });

  test('tells of the end although its broker and its API server fail first, and exits 0', async () => {
    broker.answers.push(503, 0);
    server.state.pod = running();
    const { code, output } = start();
    await untilPhase('building');
    await server.stop();
    server.state.pod = completed();
    await sleep(300);
    await server.start();
    expect([await code, output()]).toEqual([0, expect.stringContaining('told of the end')]);
    expect(broker.taken.map(({ type }) => type)).toEqual(['network.notifi.lambda.build.complete']);
  });

  test('ends at once, and says nothing, when SIGTERM comes with a cancellation', async () => {
    server.state.pod = running();
    const { child, code } = start();
    await untilPhase('building');
    server.state.job = undefined;
    server.setPod(ended(143, '', deleting));
    child.kill('SIGTERM');
    expect(await code).toBe(0);
    expect(broker.asked).toEqual([]);
  });

  test('tells the same event as before when it was killed right after telling', async () => {
    server.state.pod = completed();
    await start().code;
    const { child, code } = start();
    await until(() => broker.taken.length === 2, 'The event never came');
    child.kill('SIGKILL');
    await code;
    expect(broker.taken[1]).toEqual(broker.taken[0]);
  });

  test('exits 1 with every mistake in its environment by name', async () => {
    environment.BUILD_ID = '../../x';
    delete environment.POD_NAME;
    const { code, output } = start();
    expect(await code).toBe(1);
    expect(output()).toContain('POD_NAME is required');
    expect(output()).toContain('BUILD_ID must match');
  });

  const isMissing = !isBundled && process.env.REQUIRE_SERVICES !== '1';
  if (isMissing) console.warn('skipped: there is no bundle; `npm run build` makes it');
  (isMissing ? test.skip : test)('holds less than 60 MiB at its most, also with a long and wide log', async () => {
    server.state.pod = running();
    server.state.log = `${'x'.repeat(3_000)}\n`.repeat(20);
    const { code, peak } = start(bundle);
    await untilPhase('building');
    for (let second = 0; second < 3; second++) {
      server.state.log = `${second}\n${server.state.log}`;
      await sleep(1_000);
    }
    server.setPod(completed());
    expect(await code).toBe(0);
    console.log(`the build monitor held ${(peak() / mebibyte).toFixed(1)} MiB at most`);
    expect(peak()).toBeGreaterThan(0);
    expect(peak()).toBeLessThan(60 * mebibyte);
  });
});
