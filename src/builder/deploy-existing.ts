// A source that was built before. What functions run on already is left as it is; another image is deployed. Nothing is built.
import { hasEnded, type Build, type BuildRequest } from '../core/build.ts';
import { isSameEvent } from '../core/cloudevent.ts';
import type { FunctionPlatform, FunctionState, ImageBuilder } from '../ports.ts';
import type { Deploy } from './deploy.ts';
import type { Outcome } from './outcome.ts';

type Deps = { builds: ImageBuilder; functions: FunctionPlatform; deploy: Deploy };

export type Asked = {
  request: BuildRequest;
  /** The build of that id, if it is still known. */
  before: Build | undefined;
  /** See BuildWish. */
  askedAt: number | undefined;
};

const isCopy = ({ request, before }: Asked): boolean => before !== undefined && isSameEvent(before.cause, request.cause);

/**
 * Whether another source is on its way to the function, that was asked for before this one: then it is not enough that the function is
 * what was asked for, it has to be told that this was asked for last. A copy of an older event says the older time, and changes nothing.
 */
const outdatesAnother = async (deps: Deps, asked: Asked, current: FunctionState): Promise<boolean> => {
  const { request, askedAt } = asked;
  if (askedAt === undefined || isCopy(asked)) return false;
  const { items } = await deps.builds.list(request.ref, { limit: 100 });
  const coming = items.filter(
    ({ buildKey, status, requestedAt }) =>
      buildKey !== request.buildKey && requestedAt > current.requestedAt && (status === 'complete' || !hasEnded(status)),
  );
  return coming.length > 0 && coming.every(({ requestedAt }) => requestedAt <= askedAt);
};

const skipped = ({ request: { ref, buildId } }: Asked, message: string): Outcome => ({
  status: 'skipped',
  ref,
  buildId,
  message,
});
const deployedAlready = 'This source is built and deployed already';

/** Functions run on what this build made: there is nothing to ask the registry, which every duplicate would do otherwise. */
export const alreadyServed = async (deps: Deps, asked: Asked): Promise<Outcome | undefined> => {
  const { before } = asked;
  if (before?.status !== 'complete') return undefined;
  const current = await deps.functions.get(before.ref);
  if (current?.state !== 'ready' || current.imageDigest !== before.imageDigest) return undefined;
  return (await outdatesAnother(deps, asked, current)) ? undefined : skipped(asked, deployedAlready);
};

/** @param named the digest that the registry has under the image's name: only that is believed (finish-build.ts) */
export const deployExisting = async (deps: Deps, asked: Asked, named: string): Promise<Outcome> => {
  const { request, before } = asked;
  const { ref, buildId } = request;
  const current = await deps.functions.get(ref);
  if (current?.imageDigest === named && !(await outdatesAnother(deps, asked, current))) return skipped(asked, deployedAlready);
  const build: Build = before ?? {
    ...request,
    status: 'complete',
    jobName: `build-${buildId}`,
    attempt: 1,
    createdAt: request.requestedAt,
  };
  // A late copy of the event that this was built for is no later wish: what was asked for meanwhile stays.
  const requestedAt = current !== undefined && before !== undefined && isCopy(asked) ? before.requestedAt : request.requestedAt;
  const deployed = await deps.deploy(build, named, requestedAt, request);
  if (deployed.outcome === 'superseded') return skipped(asked, 'A later request is deployed already');
  return { status: 'acknowledged', ref, buildId, message: 'This source was built before; its image is deployed' };
};
