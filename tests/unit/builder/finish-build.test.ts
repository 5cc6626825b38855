// Whose digest is believed when a build has completed. What completions say on the wire is tried in tests/http.
import { expect, it } from '@jest/globals';
import { finishBuild, type FinishDeps } from '../../../src/builder/finish-build.ts';
import type { WaitingEvent } from '../../../src/builder/pending-events.ts';
import type { Build } from '../../../src/core/build.ts';
import { CodedError } from '../../../src/core/errors.ts';
import type { FunctionState } from '../../../src/ports.ts';
import { buildWith } from '../core/builds.ts';

const [own, other] = [`sha256:${'a'.repeat(64)}`, `sha256:${'b'.repeat(64)}`];

const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

/** @param told what the job of the build says of its image. @returns what is deployed, or why nothing is */
const finishing = async (told: string | undefined, inRegistry: string | undefined): Promise<string[]> => {
  const deployed: string[] = [];
  const deps: FinishDeps = {
    builds: {
      findImage: () => Promise.resolve(inRegistry),
      ...{ submit: nothing, get: nothing, list: nothing, logs: nothing, cancel: nothing, admitNext: nothing },
    },
    functions: { apply: nothing, get: () => Promise.resolve(undefined), list: nothing, remove: nothing, invoke: nothing },
    pending: { keep: nothing, deliver: nothing, reject: nothing, list: nothing },
    deploy: (_build, digest) => {
      deployed.push(digest);
      return Promise.resolve({ outcome: 'created', state: {} as FunctionState });
    },
  };
  const build = buildWith({ status: 'complete', ...(told === undefined ? {} : { imageDigest: told }) });
  const refused = await finishBuild(deps, build, build).catch((error: unknown) => error);
  return refused instanceof CodedError ? [refused.code] : deployed;
};

it.each([
  ['deploys what the registry has, when the job says the same', own, own, own],
  ['deploys what the registry has, when the job says nothing', undefined, own, own],
  [
    "refuses a digest that a step of the build has forged, since it may be another tenant's function",
    other,
    own,
    'IMAGE_REFUSED',
  ],
  ['refuses an image that was never pushed', own, undefined, 'IMAGE_REFUSED'],
])('%s', async (_sentence, told, inRegistry, outcome) => {
  expect(await finishing(told, inRegistry)).toEqual([outcome]);
});

/** @param others builds of the function beside the one that completed, which was superseded. @returns why what waits is refused */
const waitingSince = (askedAt: number, id = 'other'): WaitingEvent => {
  const { ref, cause } = buildWith({});
  return { ref, askedAt, event: { specversion: '1.0', source: cause.source, id, type: 't', extensions: {} } };
};

const superseded = async (others: Build[], current?: FunctionState, deletedAt?: number): Promise<string[]> => {
  const refused: string[] = [];
  const build = buildWith({ status: 'complete' });
  const deps: FinishDeps = {
    builds: {
      findImage: () => Promise.resolve(own),
      list: () => Promise.resolve({ items: [build, ...others] }),
      ...{ submit: nothing, get: nothing, logs: nothing, cancel: nothing, admitNext: nothing },
    },
    functions: { apply: nothing, get: () => Promise.resolve(current), list: nothing, remove: nothing, invoke: nothing },
    pending: {
      ...{ keep: nothing, deliver: nothing, list: nothing },
      reject: (_ref, { code }, isMeant = () => true) => {
        const waiting = [waitingSince(6), waitingSince(7), waitingSince(8), waitingSince(8, build.cause.id)].filter(isMeant);
        return Promise.resolve(refused.push(...waiting.map(({ event, askedAt }) => `${code} ${event.id} ${askedAt}`)));
      },
    },
    deploy: () => Promise.resolve({ outcome: 'superseded', ...(deletedAt === undefined ? {} : { deletedAt }) }),
  };
  await finishBuild(deps, build, build);
  return refused;
};

it('tells who waited for a function that was deleted while it was built, unless another build or a later request brings it', async () => {
  const copy = `FUNCTION_DELETED ${buildWith({}).cause.id} 8`;
  expect(await superseded([], undefined, 7)).toEqual(['FUNCTION_DELETED other 6', 'FUNCTION_DELETED other 7', copy]);
  expect(await superseded([buildWith({ status: 'running' })], undefined, 7)).toEqual([]);
  expect(await superseded([], { requestedAt: 0 } as FunctionState, 7)).toEqual([]);
  // Whoever deleted what was asked for later has rejected what waited then.
  expect(await superseded([])).toEqual([]);
});

it('leaves what waits to a build that ends and is deployed while this is looked at', async () => {
  const refused: string[] = [];
  const other = { status: 'running' as Build['status'], state: undefined as FunctionState | undefined };
  /** Each look shows how things were; then the other build goes on. */
  const look = <T>(seen: T): Promise<T> => {
    Object.assign(other, { status: 'complete', state: {} });
    return Promise.resolve(seen);
  };
  const deps: FinishDeps = {
    builds: {
      list: () => look({ items: [buildWith({ status: other.status })] }),
      ...{ submit: nothing, get: nothing, logs: nothing, cancel: nothing, admitNext: nothing, findImage: nothing },
    },
    functions: { apply: nothing, get: () => look(other.state), list: nothing, remove: nothing, invoke: nothing },
    pending: { keep: nothing, deliver: nothing, list: nothing, reject: (_ref, { code }) => Promise.resolve(refused.push(code)) },
    deploy: nothing,
  };
  const build = buildWith({ status: 'failed' });
  await finishBuild(deps, build, build);
  expect(refused).toEqual([]);
});
