// Whose digest is believed when a build has completed. What completions say on the wire is tried in tests/http.
import { expect, it } from '@jest/globals';
import { finishBuild, type FinishDeps } from '../../../src/builder/finish-build.ts';
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
