// Stops and deaths of the platform: what was promised is kept, what was finished is not done again, what was half-made is gone.
import { describe, expect, test } from '@jest/globals';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { hasEnded, type Build, type BuildRequest } from '../../../../../src/core/build.ts';
import type { CloudEvent } from '../../../../../src/core/cloudevent.ts';
import { contextOf } from '../../../../contract/image-builder-local.ts';
import { waitUntil } from '../../../../contract/wait-until.ts';
import { useBench } from './build-bench.ts';

const bench = useBench();
const { build, ended, logOf, run } = bench;
const never = new AbortController().signal;

type Record = { build: Build; owed: Build[] };
const recordFile = (buildId: string): string => join(bench.workshop.dataDir, 'builds', `${buildId}.json`);
const recordOf = (buildId: string): Record => JSON.parse(readFileSync(recordFile(buildId), 'utf8')) as Record;
const publishedIds = (): string[] => bench.workshop.published.map(({ id }) => id);
const isOwed = (buildId: string): boolean => recordOf(buildId).owed.length > 0;

describe('a graceful stop', () => {
  test('ends what runs without waiting for it, and the next start runs it again as the same attempt', async () => {
    const builder = await bench.open();
    const requests = await Promise.all(
      ['waits', 'waits', 'succeeds'].map((behaviour) => bench.workshop.requestFor(behaviour as 'waits')),
    );
    for (const request of requests) await builder.submit(request);
    const ids = requests.map(({ buildId }) => buildId) as [string, string, string];
    await waitUntil(async () => (await logOf(ids[0])).includes('waiting'), 'the build to run');
    const before = Date.now();
    await builder.close();
    expect(Date.now() - before).toBeLessThan(5_000);
    expect(bench.workshop.processes()).toEqual([]);
    expect(ids.map((id) => recordOf(id).build.status)).toEqual(['running', 'running', 'queued']);
    expect(bench.workshop.published).toEqual([]);

    await bench.workshop.release();
    await bench.open();
    for (const id of ids) expect(await ended(id)).toMatchObject({ status: 'complete', attempt: 1 });
    const headers = (await logOf(ids[0])).filter((line) => line.startsWith('=== attempt'));
    expect(headers).toEqual([
      expect.stringMatching(/^=== attempt 1 .*Z$/),
      expect.stringMatching(/^=== attempt 1 .*, again after an interruption$/),
    ]);
  });

  test('refuses what comes after it, and ends every follower', async () => {
    const builder = await bench.open();
    const request = await bench.workshop.requestFor('waits');
    await builder.submit(request);
    const following = (async () => {
      const lines: string[] = [];
      for await (const { text } of builder.logs(request.buildId, { follow: true, offset: 0, signal: never })) lines.push(text);
      return lines;
    })();
    await waitUntil(async () => (await logOf(request.buildId)).includes('waiting'), 'the build to run');
    await builder.close();
    expect(await following).toContain('waiting');
    await expect(builder.submit(await bench.workshop.requestFor('succeeds'))).rejects.toMatchObject({ code: 'STOPPING' });
    await expect(builder.cancel(request.buildId, 'x')).rejects.toMatchObject({ code: 'STOPPING' });
    expect((await bench.workshop.names('builds')).filter((name) => name.endsWith('.json'))).toHaveLength(1);
  });

  test('of a platform whose next one may run fewer queues the rest again', async () => {
    const builder = await bench.open({}, { maxRunning: 2 });
    const requests = await Promise.all(['waits', 'waits'].map((behaviour) => bench.workshop.requestFor(behaviour as 'waits')));
    for (const request of requests) await builder.submit(request);
    await builder.close();
    const next = await bench.open({}, { maxRunning: 1 });
    expect(next.depth()).toEqual({ queued: 1, running: 1 });
    await bench.workshop.release();
    for (const { buildId } of requests) expect(await ended(buildId)).toMatchObject({ status: 'complete', attempt: 1 });
  });
});

describe('a completion', () => {
  test('is published again until it is heard, as the same event', async () => {
    let refusals = 2;
    const seen: CloudEvent[] = [];
    const completed = (event: CloudEvent): Promise<void> => {
      seen.push(event);
      return refusals-- > 0 ? Promise.reject(new Error('broker down')) : Promise.resolve();
    };
    await bench.open({ completed });
    const done = await build('');
    expect(isOwed(done.buildId)).toBe(true);
    await waitUntil(() => !isOwed(done.buildId), 'the completion to be heard');
    expect(seen).toHaveLength(3);
    expect(new Set(seen.map((event) => JSON.stringify(event))).size).toBe(1);
  });

  test('that was never heard is published by the next start, also of the attempt before the last', async () => {
    const deaf = (): Promise<void> => Promise.reject(new Error('broker down'));
    const builder = await bench.open({ completed: deaf });
    const request = await bench.workshop.requestFor('fails');
    await run(request);
    await builder.submit(request);
    await waitUntil(async () => (await builder.get(request.buildId))?.attempt === 2, 'the second attempt');
    await ended(request.buildId);
    expect(recordOf(request.buildId).owed.map(({ attempt }) => attempt)).toEqual([1, 2]);
    await builder.close();
    await bench.open();
    await waitUntil(() => !isOwed(request.buildId), 'both to be heard');
    expect(new Set(publishedIds()).size).toBe(2);
    expect((await bench.builder.get(request.buildId))?.attempt).toBe(2);
  });

  test('that was heard is not published again', async () => {
    const builder = await bench.open();
    const done = await build('');
    await waitUntil(() => !isOwed(done.buildId), 'the completion to be heard');
    await builder.close();
    await bench.open();
    await sleep(200);
    expect(bench.workshop.published).toHaveLength(1);
  });
});

describe('a broker that never answers', () => {
  test('does not hold up the stop, and hears of the build from the next start', async () => {
    const builder = await bench.open({ completed: () => new Promise(() => undefined) });
    const done = await build('');
    const before = Date.now();
    await builder.close();
    expect(Date.now() - before).toBeLessThan(10_000);
    await bench.open();
    await waitUntil(() => !isOwed(done.buildId), 'the completion to be heard');
    expect(publishedIds()).toHaveLength(1);
  });
});

describe('after a death', () => {
  test('an image that was finished is not made again because its record was not written', async () => {
    const builder = await bench.open();
    const done = await build('echo ran\n');
    await waitUntil(() => !isOwed(done.buildId), 'the completion to be heard');
    await builder.close();
    const { imageDigest, endedAt, ...running } = recordOf(done.buildId).build;
    writeFileSync(recordFile(done.buildId), JSON.stringify({ build: { ...running, status: 'running' }, owed: [] }));
    await bench.open();
    expect(await ended(done.buildId)).toMatchObject({ status: 'complete', imageDigest, attempt: 1 });
    expect(endedAt).toBeGreaterThan(0);
    expect((await logOf(done.buildId)).filter((line) => line === 'ran')).toHaveLength(1);
    // The event is the same one, so whoever heard it knows it.
    await waitUntil(() => bench.workshop.published.length === 2, 'the completion');
    expect(new Set(publishedIds()).size).toBe(1);
  });

  test('half-written records, unfinished images and layers and half a line of a log are gone or mended', async () => {
    const builder = await bench.open();
    const done = await build('');
    await builder.close();
    const at = (...names: string[]): string => join(bench.workshop.dataDir, ...names);
    mkdirSync(at('images', '.tmp-x', 'function'), { recursive: true });
    mkdirSync(at('layers', '.tmp-y', 'node_modules'), { recursive: true });
    mkdirSync(at('temporary', 'z'), { recursive: true });
    writeFileSync(at('builds', '.writing-1'), '{"build":');
    writeFileSync(at('images', 'tags', '.writing-2'), '{');
    appendFileSync(at('builds', `${done.buildId}.log`), 'half a li');
    await bench.open();
    for (const left of [
      at('images', '.tmp-x'),
      at('layers', '.tmp-y'),
      at('temporary', 'z'),
      at('builds', '.writing-1'),
      at('images', 'tags', '.writing-2'),
    ]) {
      expect([left, existsSync(left)]).toEqual([left, false]);
    }
    await run({ ...done });
    const lines = await logOf(done.buildId);
    expect(lines).toContain('half a li');
    expect(lines.filter((line) => line.startsWith('=== attempt 2'))).toHaveLength(1);
    expect(await bench.builder.findImage(done.image)).toBe(done.imageDigest);
  });

  test('a name whose image is gone stands for nothing', async () => {
    await bench.open();
    const done = await build('');
    rmSync(bench.folderOf(done), { recursive: true });
    expect(await bench.builder.findImage(done.image)).toBeUndefined();
  });
});

type Platform = ChildProcessByStdio<Writable, Readable, null> & { said: string[] };

describe('kill -9', () => {
  const script = fileURLToPath(new URL('../../../../contract/image-builder-process.ts', import.meta.url));
  const startPlatform = async (): Promise<Platform> => {
    const said: string[] = [];
    const child = spawn(process.execPath, [script, bench.workshop.root], { stdio: ['pipe', 'pipe', 'inherit'] });
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => said.push(line));
    await once(lines, 'line');
    return Object.assign(child, { said });
  };
  const kill = async (platform: Platform): Promise<void> => {
    platform.kill('SIGKILL');
    await once(platform, 'exit');
  };
  const submit = (platform: Platform, request: BuildRequest): boolean => platform.stdin.write(`${JSON.stringify(request)}\n`);
  const broker = (): CloudEvent[] => {
    const file = join(bench.workshop.root, 'broker');
    return existsSync(file)
      ? readFileSync(file, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as CloudEvent)
      : [];
  };

  test('in the middle of a build: its processes end with the next start, which runs it again', async () => {
    const platform = await startPlatform();
    const request = await bench.workshop.requestFor('waits');
    submit(platform, request);
    const log = join(bench.workshop.dataDir, 'builds', `${request.buildId}.log`);
    await waitUntil(() => existsSync(log) && readFileSync(log, 'utf8').includes('waiting'), 'the build to run');
    await waitUntil(() => bench.workshop.processes().length >= 3, 'the child of the build');
    await kill(platform);
    const left = bench.workshop.processes();
    expect(left.length).toBeGreaterThanOrEqual(2);
    await bench.open();
    const group = left.map((line) => line.split(/\s+/, 1)[0]);
    expect(bench.workshop.processes().filter((line) => group.includes(line.split(/\s+/, 1)[0]))).toEqual([]);
    await bench.workshop.release();
    expect(await ended(request.buildId)).toMatchObject({ status: 'complete', attempt: 1 });
  });

  test('at six random moments of a mixed load: what was promised has its outcome and its event, and nothing is left', async () => {
    const promised = new Map<string, BuildRequest>();
    const scripts = ['echo one > function/out\n', 'sleep 0.1; echo two > function/out\n', 'echo bad; exit 4\n', 'sleep 0.3\n'];
    for (let round = 0; round < 6; round++) {
      const platform = await startPlatform();
      const requests = await Promise.all(
        scripts.map((text, i) =>
          bench.workshop.request(contextOf(text, [{ path: 'manifest/round', content: String(round % (i + 1)) }])),
        ),
      );
      for (const request of requests) submit(platform, request);
      await sleep(20 + Math.random() * 400);
      await kill(platform);
      for (const line of platform.said.slice(1)) {
        const request = requests.find(({ buildId }) => line.endsWith(buildId));
        if (request !== undefined) promised.set(request.buildId, request);
      }
    }
    const finishedBefore = [...promised.keys()].map(recordOf).filter((record) => hasEnded(record.build.status));
    await bench.open({}, { maxQueued: 1_000 });
    for (const buildId of promised.keys()) {
      const done = await ended(buildId);
      expect(done).toMatchObject({ attempt: 1, status: expect.stringMatching(/^(complete|failed)$/) as unknown });
      if (done.status === 'complete') expect(await bench.builder.findImage(done.image)).toBe(done.imageDigest);
      await waitUntil(() => !isOwed(buildId), 'the completion to be heard');
    }
    for (const { build: before } of finishedBefore) expect(await bench.builder.get(before.buildId)).toEqual(before);
    const told = new Set([...broker(), ...bench.workshop.published].map(({ id }) => id));
    expect(told.size).toBeGreaterThanOrEqual(promised.size);
    expect(promised.size).toBeGreaterThan(0);
    await waitUntil(() => bench.builder.depth().running === 0, 'all to end');
    expect((await bench.workshop.names('images')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect((await bench.workshop.names('layers')).filter((name) => name.startsWith('.'))).toEqual([]);
    expect(await bench.workshop.names('build-processes')).toEqual([]);
  }, 120_000);
});
