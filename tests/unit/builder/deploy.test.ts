// A function that is deleted while a build of it is being deployed: whichever of the two comes last, it stays deleted.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import { createDeploy, markDeleted } from '../../../src/builder/deploy.ts';
import type { Build } from '../../../src/core/build.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import type { FunctionPlatform, FunctionSpec, FunctionState } from '../../../src/ports.ts';

const ref = { tenant: 'acme-corp', function: 'price_feed' };
const digest = `sha256:${'a'.repeat(64)}`;
const origin = {
  cause: { source: 's', id: 'one' },
  correlationId: 'c',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
};
const requestedAt = 1_000;

const build: Build = {
  ...origin,
  buildId: '0123456789abcdef',
  ref,
  buildKey: 'b'.repeat(64),
  contentHash: 'c'.repeat(64),
  sourceKey: 'parsers/price_feed.js',
  runtime: 'nodejs24',
  image: 'localhost:5000/knative-lambda:one',
  contextKey: 'contexts/one.tar.gz',
  priority: 5,
  requestedAt,
  status: 'complete',
  jobName: 'build-0123456789abcdef',
  attempt: 1,
  createdAt: requestedAt,
};

const stateOf = (spec: FunctionSpec): FunctionState => ({
  ...spec,
  url: 'http://f',
  state: 'deploying',
  replicas: 0,
  createdAt: 1,
  updatedAt: 1,
});

const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

describe('a function that is deleted while it is being deployed', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'deploy-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** @param meanwhile what another replica does once the function is declared; the function as it is then */
  const deploying = (meanwhile: (state: FunctionState, mark: (at: number) => Promise<void>) => Promise<FunctionState>) => {
    const temp = createLocalObjectStore(folder);
    const emitted: CloudEvent[] = [];
    let current: FunctionState | undefined;
    const functions: FunctionPlatform = {
      apply: async (spec) => {
        const state = stateOf(spec);
        current = await meanwhile(state, (at) => markDeleted(temp, ref, at));
        return { outcome: 'created', state };
      },
      get: () => Promise.resolve(current),
      list: nothing,
      remove: () => {
        current = undefined;
        return Promise.resolve('deleted');
      },
      invoke: nothing,
    };
    const events = { publish: (event: CloudEvent) => Promise.resolve(emitted.push(event)).then(() => 'owed' as const) };
    const pending = { keep: nothing, deliver: nothing, reject: nothing, list: nothing };
    const deploy = createDeploy({ functions, events, temp, pending });
    const there = (state: FunctionState) => (current = state);
    return { deploy: () => deploy(build, digest, requestedAt, origin), emitted, current: () => current, temp, there };
  };

  it('is gone, also when it was removed before it was declared', async () => {
    const { deploy, emitted, current } = deploying(async (state, mark) => {
      await mark(2_000);
      return state;
    });
    expect(await deploy()).toEqual({ outcome: 'superseded', deletedAt: 2_000 });
    expect(current()).toBeUndefined();
    expect(emitted).toEqual([]);
  });

  it('is gone, also when whoever declared it died before the mark was seen', async () => {
    const { deploy, current, temp, there } = deploying(nothing);
    there(stateOf({ ...build, name: 'fn', imageDigest: digest, requestedAt }));
    await markDeleted(temp, ref, 2_000);
    expect(await deploy()).toEqual({ outcome: 'superseded', deletedAt: 2_000 });
    expect(current()).toBeUndefined();
  });

  it('stays when it was asked for again after that', async () => {
    const { deploy, current } = deploying(async (state, mark) => {
      await mark(2_000);
      return { ...state, requestedAt: 3_000 };
    });
    expect(await deploy()).toEqual({ outcome: 'superseded', deletedAt: 2_000 });
    expect(current()).toMatchObject({ requestedAt: 3_000 });
  });

  it('is deployed when the mark is of before', async () => {
    const { deploy, emitted, current } = deploying(async (state, mark) => {
      await mark(500);
      return state;
    });
    expect(await deploy()).toMatchObject({ outcome: 'created' });
    expect(current()).toMatchObject({ requestedAt });
    expect(emitted).toHaveLength(1);
  });
});
