// What a process left half done, at moments that a running platform can't be stopped at: a build that completed and nobody
// deployed, a service without its trigger. The ports are hand-made; their real ones are held by tests/contract.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createBuilder, type Builder } from '../../../src/builder/builder.ts';
import { markDeleted } from '../../../src/builder/deploy.ts';
import { createBuilderMetrics } from '../../../src/builder/metrics.ts';
import { createTemplates } from '../../../src/builder/template.ts';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import type { Build } from '../../../src/core/build.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { pendingKey, serviceName, type FunctionRef } from '../../../src/core/function.ts';
import { toJsonFormat } from '../../../src/core/json-format.ts';
import type { FunctionSpec, FunctionState, ImageBuilder, FunctionPlatform, ObjectStore } from '../../../src/ports.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import { createRegistry } from '../../../src/ops/metrics.ts';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const now = 1_800_000_000_000;
const minute = 60_000;
const ref: FunctionRef = { tenant: 'acme-corp', function: 'price_feed' };
const digest = `sha256:${'a'.repeat(64)}`;

const buildOf = (more: Partial<Build> = {}): Build => ({
  buildId: '0123456789abcdef',
  ref,
  buildKey: 'b'.repeat(64),
  contentHash: 'c'.repeat(64),
  sourceKey: 'parsers/price_feed.js',
  runtime: 'nodejs24',
  image: 'localhost:5000/knative-lambda:one',
  contextKey: 'contexts/one.tar.gz',
  priority: 5,
  requestedAt: now - 20 * minute,
  cause: { source: 'network.notifi.acme-corp', id: 'one' },
  correlationId: 'c-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  status: 'complete',
  jobName: 'build-0123456789abcdef',
  attempt: 1,
  createdAt: now - 19 * minute,
  endedAt: now - 10 * minute,
  imageDigest: digest,
  ...more,
});

const logger = createLogger({ level: 'silent', pretty: false, name: 'test' });

const stateOf = (spec: FunctionSpec, more: Partial<FunctionState> = {}): FunctionState => ({
  ...spec,
  url: 'http://fn.example',
  state: 'ready',
  replicas: 0,
  createdAt: now - 30 * minute,
  updatedAt: now - 30 * minute,
  ...more,
});

const specOf = (build: Build): FunctionSpec => ({
  ref: build.ref,
  name: serviceName(build.ref),
  image: build.image,
  imageDigest: digest,
  runtime: build.runtime,
  buildId: build.buildId,
  requestedAt: build.requestedAt,
});

type World = {
  builder: Builder;
  applied: FunctionSpec[];
  emitted: CloudEvent[];
  states: Map<string, FunctionState>;
  temp: ObjectStore;
  /** Keys that were read in it. */
  reads: string[];
  /** What others do meanwhile. */
  meanwhile: { listed?: () => void; applied?: () => Promise<void> };
};

describe('the sweep', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sweep-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const world = async (builds: Build[], functions: FunctionState[]): Promise<World> => {
    const [applied, emitted]: [FunctionSpec[], CloudEvent[]] = [[], []];
    const states = new Map(functions.map((state) => [state.name, state]));
    const temp = createLocalObjectStore(join(folder, 'temp'));
    const meanwhile: World['meanwhile'] = {};
    const reads: string[] = [];
    const nothing = (): never => {
      throw new Error('The sweep has no business here');
    };
    const builder = createBuilder({
      sources: createLocalObjectStore(join(folder, 'sources')),
      temp: { ...temp, read: (key) => (reads.push(key), temp.read(key)) },
      builds: {
        submit: nothing,
        get: (id) => Promise.resolve(builds.find(({ buildId }) => buildId === id)),
        list: ({ status }) =>
          Promise.resolve({ items: builds.filter((build) => status === undefined || build.status === status) }),
        logs: nothing,
        cancel: nothing,
        findImage: () => Promise.resolve(digest),
        admitNext: () => Promise.resolve(),
      } satisfies ImageBuilder,
      functions: {
        apply: async (spec) => {
          applied.push(spec);
          const state = stateOf(spec);
          states.set(spec.name, state);
          await meanwhile.applied?.();
          return { outcome: 'created', state };
        },
        get: (wanted) => Promise.resolve(states.get(serviceName(wanted))),
        list: () => {
          const items = [...states.values()];
          meanwhile.listed?.();
          return Promise.resolve({ items });
        },
        remove: (wanted) => Promise.resolve(states.delete(serviceName(wanted)) ? 'deleted' : 'absent'),
        invoke: nothing,
      } satisfies FunctionPlatform,
      events: { publish: (event) => Promise.resolve(emitted.push(event)).then(() => 'owed' as const) },
      functionEvents: { publish: nothing },
      takePlace: () => Promise.resolve(() => undefined),
      packing: (pack) => pack(),
      metrics: createBuilderMetrics(createRegistry()),
      logger: await logger,
      images: { registry: 'localhost:5000', repository: 'knative-lambda', options: {} },
      templates: createTemplates(join(folder, 'templates')),
      spoolFolder: join(folder, 'spool'),
      now: () => now,
    });
    return { builder, applied, emitted, states, temp, reads, meanwhile };
  };

  it('deploys a build that completed and whose completion nobody heard', async () => {
    const { builder, applied, emitted } = await world([buildOf()], []);
    await builder.sweep(minute);
    expect(applied).toMatchObject([{ imageDigest: digest, buildId: '0123456789abcdef' }]);
    expect(emitted).toMatchObject([{ type: 'network.notifi.lambda.service.created', subject: 'price_feed' }]);
    await builder.sweep(minute);
    expect(applied).toHaveLength(1);
  });

  it('deploys of several builds the one that was asked for last, whichever ended last', async () => {
    const later = buildOf({ buildId: 'f'.repeat(16), requestedAt: now - 15 * minute, endedAt: now - 12 * minute });
    const { builder, applied } = await world([buildOf(), later], []);
    await builder.sweep(minute);
    expect(applied).toMatchObject([{ buildId: 'f'.repeat(16) }]);
  });

  it.each([
    ['whose completion may still be on its way', buildOf({ endedAt: now - 1000 })],
    ['that failed', buildOf({ status: 'failed' })],
    ['of another day, which a cluster has forgotten', buildOf({ createdAt: now - 25 * 60 * minute })],
  ])('leaves a build alone %s', async (_, build) => {
    const { builder, applied } = await world([build], []);
    await builder.sweep(minute);
    expect(applied).toEqual([]);
  });

  it('leaves a function alone that was deployed by a later request', async () => {
    const current = stateOf({ ...specOf(buildOf()), requestedAt: now - 5 * minute });
    const { builder, applied } = await world([buildOf()], [current]);
    await builder.sweep(minute);
    expect(applied).toEqual([]);
  });

  it('declares a service again that has been deploying for a while, as when its trigger is missing', async () => {
    const half = stateOf(specOf(buildOf()), { state: 'deploying' });
    const { builder, applied } = await world([buildOf()], [half]);
    await builder.sweep(minute);
    expect(applied).toMatchObject([{ name: half.name, imageDigest: digest }]);
  });

  it('leaves a function gone that was deleted after it was listed', async () => {
    const half = stateOf(specOf(buildOf()), { state: 'deploying' });
    const { builder, applied, states, meanwhile } = await world([], [half]);
    meanwhile.listed = () => states.clear();
    await builder.sweep(minute);
    expect(applied).toEqual([]);
  });

  it('takes a function back that was deleted while it was declared again', async () => {
    const half = stateOf(specOf(buildOf()), { state: 'deploying' });
    const { builder, applied, states, temp, meanwhile } = await world([], [half]);
    meanwhile.applied = () => markDeleted(temp, ref, now - minute);
    await builder.sweep(minute);
    expect(applied).toHaveLength(1);
    expect([...states]).toEqual([]);
  });

  describe('finds an event that waits for a build that has completed, and makes it a dead letter', () => {
    const event = {
      specversion: '1.0' as const,
      ...buildOf().cause,
      type: 'network.notifi.lambda.parser.start',
      subject: ref.function,
      extensions: {},
    };
    const keep = (temp: ObjectStore) =>
      temp.write(pendingKey(ref, event), Buffer.from(JSON.stringify({ ref, event: toJsonFormat(event) })));

    it('when the function was deleted before the build was there, so that it does not come back with the next one', async () => {
      const { builder, applied, emitted, temp } = await world([buildOf()], []);
      await keep(temp);
      await markDeleted(temp, ref, now - 15 * minute);
      await builder.sweep(minute);
      expect(emitted).toMatchObject([{ data: { json: { code: 'FUNCTION_DELETED', original: { id: event.id } } } }]);
      expect(await Array.fromAsync(temp.list('pending/'))).toEqual([]);
      expect(applied).toEqual([]);
    });

    it('when the image is not the one that was built', async () => {
      const { builder, emitted, temp } = await world([buildOf({ imageDigest: `sha256:${'b'.repeat(64)}` })], []);
      await keep(temp);
      await builder.sweep(minute);
      expect(emitted).toMatchObject([{ data: { json: { code: 'IMAGE_REFUSED', original: { id: event.id } } } }]);
      expect(await Array.fromAsync(temp.list('pending/'))).toEqual([]);
    });
  });

  it('reads one event of each function that others wait for, not all of them', async () => {
    const functions = ['one', 'two'].map((name) => ({ ...ref, function: name }));
    const { builder, temp, reads } = await world([buildOf({ status: 'running', endedAt: 0 })], []);
    for (const waitedFor of functions) {
      for (let id = 0; id < 20; id++) {
        const event = { id: String(id), source: 's' };
        const stored = { ref: waitedFor, event: { specversion: '1.0', type: 't', ...event } };
        await temp.write(pendingKey(waitedFor, event), Buffer.from(JSON.stringify(stored)));
      }
    }
    await builder.sweep(minute);
    expect(reads.filter((key) => key.startsWith('pending/'))).toHaveLength(2);
    expect(await Array.fromAsync(temp.list('pending/'))).toHaveLength(40);
  });
});
