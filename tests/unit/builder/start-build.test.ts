// Equal events and copies of an event, which meet what others have done meanwhile. The ports are hand-made; their real ones are held by
// tests/contract.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import { createBuilder } from '../../../src/builder/builder.ts';
import { createBuilderMetrics } from '../../../src/builder/metrics.ts';
import { createTemplates } from '../../../src/builder/template.ts';
import { hasEnded, retryAfterFailureMs, type Build, type BuildRequest } from '../../../src/core/build.ts';
import { serviceName, type FunctionRef } from '../../../src/core/function.ts';
import { isOlder } from '../../../src/core/function-spec.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import { createRegistry } from '../../../src/ops/metrics.ts';
import type { FunctionPlatform, FunctionState, ImageBuilder } from '../../../src/ports.ts';

const ref: FunctionRef = { tenant: 'acme-corp', function: 'price_feed' };
const sourceKey = 'parsers/price_feed.js';
const digestOf = (digit: string): string => `sha256:${digit.repeat(64)}`;
const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

describe('build.start', () => {
  let folder = '';
  let time = 1_000;
  const builds = new Map<string, Build>();
  const states = new Map<string, FunctionState>();
  /** What the names of images stand for in the registry. */
  const named = new Map<string, string>();
  /** What others do while a context is packed. */
  let meanwhile: () => Promise<void>;
  let submissions = 0;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'start-build-'));
    await mkdir(join(folder, 'sources/parsers'), { recursive: true });
    await writeFile(join(folder, 'sources', sourceKey), 'export const handle = () => 1;\n');
    [time, meanwhile, submissions] = [1_000, () => Promise.resolve(), 0];
    named.clear();
    builds.clear();
    states.clear();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const submit = (request: BuildRequest, knownEnd = Infinity) => {
    submissions++;
    const before = builds.get(request.buildId);
    if (before !== undefined && (!hasEnded(before.status) || before.attempt > knownEnd))
      return Promise.resolve({ outcome: 'exists', build: before } as const);
    const attempt = (before?.attempt ?? 0) + 1;
    const build: Build = { ...request, status: 'running', jobName: `build-${request.buildId}`, attempt, createdAt: time };
    builds.set(request.buildId, build);
    return Promise.resolve({ outcome: 'started', build } as const);
  };

  const apply: FunctionPlatform['apply'] = (spec) => {
    const before = states.get(spec.name);
    if (before !== undefined && isOlder(spec, before)) return Promise.resolve({ outcome: 'superseded', state: before });
    const state: FunctionState = { ...spec, url: 'http://f', state: 'ready', replicas: 0, createdAt: 1, updatedAt: time };
    states.set(spec.name, state);
    return Promise.resolve({ outcome: before === undefined ? 'created' : 'updated', state });
  };

  const openBuilder = async () =>
    createBuilder({
      sources: createLocalObjectStore(join(folder, 'sources')),
      temp: createLocalObjectStore(join(folder, 'temp')),
      builds: {
        submit,
        get: (id) => Promise.resolve(builds.get(id)),
        list: () => Promise.resolve({ items: [...builds.values()] }),
        logs: nothing,
        cancel: nothing,
        findImage: (image) => Promise.resolve(named.get(image)),
        admitNext: () => Promise.resolve(),
      } satisfies ImageBuilder,
      functions: {
        apply,
        get: (wanted) => Promise.resolve(states.get(serviceName(wanted))),
        list: () => Promise.resolve({ items: [...states.values()] }),
        remove: nothing,
        invoke: nothing,
      } satisfies FunctionPlatform,
      events: { publish: () => Promise.resolve('owed') },
      functionEvents: { publish: nothing },
      takePlace: () => Promise.resolve(() => undefined),
      packing: async (pack) => {
        const packed = await pack();
        await meanwhile();
        return packed;
      },
      metrics: createBuilderMetrics(createRegistry()),
      logger: await createLogger({ level: 'silent', pretty: false, name: 'test' }),
      images: { registry: 'localhost:5000', repository: 'knative-lambda', options: {} },
      templates: createTemplates(join(import.meta.dirname, '../../../templates')),
      spoolFolder: join(folder, 'spool'),
      now: () => time,
    });

  const send = async (id: string, force = false, s3_key = sourceKey, at?: number) => {
    const { handlers } = await openBuilder();
    const source = 'network.notifi.acme-corp';
    const cloudEvent = { specversion: '1.0', id, source, type: 'network.notifi.lambda.build.start', extensions: {} } as const;
    const event = at === undefined ? cloudEvent : { ...cloudEvent, time: new Date(at).toISOString() };
    const origin = { cause: { source, id }, correlationId: id, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
    return handlers['build.start']({ name: 'build.start', ref, data: { s3_key, force }, cloudEvent: event }, origin);
  };

  const namesIn = async (contextKey: string): Promise<string[]> => {
    const names: string[] = [];
    const archive = createReadStream(join(folder, 'temp', contextKey))
      .pipe(createGunzip())
      .pipe(extract());
    for await (const entry of archive) {
      names.push(entry.header.name);
      entry.resume();
    }
    return names;
  };

  /** The build that the event began ends with an image, which then bears the name, and is deployed. */
  const finish = async (buildId: string | undefined, imageDigest: string) => {
    const build = builds.get(buildId ?? '') ?? nothing();
    builds.set(build.buildId, { ...build, status: 'complete', imageDigest });
    named.set(build.image, imageDigest);
    await apply({ ...build, name: serviceName(ref), imageDigest });
  };

  it('as a copy leaves what was asked for later, however late it comes', async () => {
    const { buildId } = await send('first');
    await finish(buildId, digestOf('a'));
    time = 2_000;
    await finish((await send('second', true)).buildId, digestOf('b'));
    time = 3_000;
    expect(await send('first')).toMatchObject({ status: 'skipped', message: 'This source is built and deployed already' });
    expect(states.get(serviceName(ref))).toMatchObject({ imageDigest: digestOf('b'), requestedAt: 2_000 });
  });

  it('under another id finds the source deployed, from the build that was forced', async () => {
    const { buildId } = await send('first');
    await finish(buildId, digestOf('a'));
    time = 2_000;
    await finish((await send('second', true)).buildId, digestOf('b'));
    time = 3_000;
    expect(await send('third')).toMatchObject({
      status: 'skipped',
      buildId,
      message: 'This source is built and deployed already',
    });
    expect(states.get(serviceName(ref))).toMatchObject({ imageDigest: digestOf('b'), requestedAt: 2_000 });
  });

  it('deploys what the registry has, and not what a build has said of itself', async () => {
    const { buildId } = await send('first');
    await finish(buildId, digestOf('a'));
    states.clear();
    builds.set(buildId ?? '', { ...(builds.get(buildId ?? '') ?? nothing()), imageDigest: digestOf('f') });
    expect(await send('second')).toMatchObject({ status: 'acknowledged' });
    expect(states.get(serviceName(ref))).toMatchObject({ imageDigest: digestOf('a') });
  });

  it('that was cancelled begins nothing when it comes once more; another one does', async () => {
    const { buildId } = await send('first');
    builds.set(buildId ?? '', { ...(builds.get(buildId ?? '') ?? nothing()), status: 'cancelled', endedAt: 1_500 });
    expect(await send('first')).toMatchObject({
      status: 'skipped',
      message: 'This build was cancelled; a new event begins it again',
    });
    expect(await send('second')).toMatchObject({ status: 'started', buildId });
  });

  it('does not build again what another one has begun and ended while it packed', async () => {
    meanwhile = async () => {
      meanwhile = () => Promise.resolve();
      await finish((await send('other')).buildId, digestOf('a'));
    };
    expect(await send('first')).toMatchObject({ status: 'skipped', message: 'This source is built and deployed already' });
    expect([...builds.values()]).toMatchObject([{ status: 'complete', attempt: 1, cause: { id: 'other' } }]);
  });

  it('relies on a build that waits only by submitting it as well: whoever made it may be about to take it back', async () => {
    const { buildId } = await send('first');
    builds.set(buildId ?? '', { ...(builds.get(buildId ?? '') ?? nothing()), status: 'queued' });
    expect(await send('second')).toMatchObject({ status: 'skipped', buildId, message: 'This build is queued already' });
    expect(submissions).toBe(2);
    builds.set(buildId ?? '', { ...(builds.get(buildId ?? '') ?? nothing()), status: 'running' });
    expect(await send('third')).toMatchObject({ status: 'skipped', buildId, message: 'This build is running already' });
    expect(submissions).toBe(2);
  });

  describe('for what is deployed, while another source is built', () => {
    const other = 'parsers/other.js';
    let first: string | undefined;
    let second: string | undefined;
    beforeEach(async () => {
      await writeFile(join(folder, 'sources', other), 'export const handle = () => 2;\n');
      first = (await send('first', false, sourceKey, 1_000)).buildId;
      await finish(first, digestOf('a'));
      time = 2_000;
      second = (await send('second', false, other, 2_000)).buildId;
      time = 3_000;
    });
    const afterTheOtherOne = async () => {
      await finish(second, digestOf('b'));
      return states.get(serviceName(ref))?.imageDigest;
    };

    it.each([
      ['', 2_900],
      [', whose time nobody said', undefined],
    ])('stays deployed, since it was asked for last%s', async (_, at) => {
      expect(await send('third', false, sourceKey, at)).toMatchObject({ status: 'acknowledged', buildId: first });
      // Now nothing is on its way any more that could replace it.
      expect(await send('again', false, sourceKey, at)).toMatchObject({ status: 'skipped', buildId: first });
      expect(await afterTheOtherOne()).toBe(digestOf('a'));
    });

    it('stays deployed also when its build is forgotten', async () => {
      builds.delete(first ?? '');
      expect(await send('third', false, sourceKey, 2_900)).toMatchObject({ status: 'acknowledged', buildId: first });
      expect(await afterTheOtherOne()).toBe(digestOf('a'));
    });

    it('outdates nothing as a copy of the event that it was built for', async () => {
      expect(await send('first')).toMatchObject({ status: 'skipped' });
      expect(await afterTheOtherOne()).toBe(digestOf('b'));
    });

    it('outdates nothing as a copy of an event that came before the other one, and had nothing to do then', async () => {
      expect(await send('between', false, sourceKey, 1_500)).toMatchObject({ status: 'skipped' });
      expect(await afterTheOtherOne()).toBe(digestOf('b'));
    });

    it('outdates nothing as a copy of the event that kept it deployed, once more was asked for', async () => {
      await send('third', false, sourceKey, 2_900);
      time = 4_000;
      await writeFile(join(folder, 'sources/parsers/newest.js'), 'export const handle = () => 3;\n');
      second = (await send('fourth', false, 'parsers/newest.js', 4_000)).buildId;
      time = 5_000;
      expect(await send('third', false, sourceKey, 2_900)).toMatchObject({ status: 'skipped' });
      expect(await afterTheOtherOne()).toBe(digestOf('b'));
    });

    it('does not outdate a forced build of the same source, which brings what is asked for, for one that comes to nothing', async () => {
      builds.set(second ?? '', { ...(builds.get(second ?? '') ?? nothing()), status: 'cancelled' });
      second = (await send('forced', true)).buildId;
      time = 4_000;
      expect(await send('third', false, sourceKey, 3_900)).toMatchObject({ status: 'skipped' });
      expect(await afterTheOtherOne()).toBe(digestOf('b'));
    });
  });

  it('builds the same bytes under another name from a context of their own, however it is asked for', async () => {
    await writeFile(join(folder, 'sources/parsers/renamed.mjs'), 'export const handle = () => 1;\n');
    const { buildId } = await send('first');
    builds.set(buildId ?? '', { ...(builds.get(buildId ?? '') ?? nothing()), status: 'failed', endedAt: time });
    for (const force of [false, true]) {
      const renamed = await send(`renamed-${force}`, force, 'parsers/renamed.mjs');
      expect(renamed.status).toBe('started');
      const { contextKey } = builds.get(renamed.buildId ?? '') ?? nothing();
      expect(await namesIn(contextKey)).toContain('function/renamed.mjs');
    }
  });

  it.each(['failed', 'timeout'] as const)('that ended as %s is not tried again at once, and says so', async (status) => {
    const { buildId } = await send('first');
    builds.set(buildId ?? '', { ...(builds.get(buildId ?? '') ?? nothing()), status, endedAt: time });
    expect(await send('second')).toMatchObject({ status: 'skipped', failedLately: true, timedOut: status === 'timeout' });
    time += retryAfterFailureMs;
    expect(await send('third')).toMatchObject({ status: 'started', buildId });
  });

  it('builds again what is complete and whose image is gone', async () => {
    const { buildId } = await send('first');
    await finish(buildId, digestOf('a'));
    named.clear();
    states.clear();
    expect(await send('second')).toMatchObject({ status: 'started', buildId });
    expect([...builds.values()]).toMatchObject([{ status: 'running', attempt: 2 }]);
  });
});
