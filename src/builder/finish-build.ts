// A completion event: believed only if it matches the build it names, then the function is deployed, or what waits for it is told.
import { checkCompletion, hasEnded, type Build } from '../core/build.ts';
import { isSameEvent } from '../core/cloudevent.ts';
import type { Origin } from '../core/emitted.ts';
import { CodedError } from '../core/errors.ts';
import type { LambdaEvent } from '../core/events.ts';
import type { FunctionRef } from '../core/function.ts';
import type { FunctionPlatform, ImageBuilder } from '../ports.ts';
import type { Deploy } from './deploy.ts';
import type { MeasureBuild } from './measure-build.ts';
import type { Outcome } from './outcome.ts';
import type { PendingEvents, WaitingEvent } from './pending-events.ts';

export type FinishDeps = { builds: ImageBuilder; functions: FunctionPlatform; pending: PendingEvents; deploy: Deploy };

type Completion = LambdaEvent<'build.complete' | 'build.failed' | 'build.timeout'>;

const buildNamed = async (builds: ImageBuilder, buildId: string): Promise<Build> => {
  const build = await builds.get(buildId);
  if (build === undefined) throw new CodedError('BUILD_UNKNOWN', `There is no build "${buildId}"`, { field: 'data.build_id' });
  return build;
};

/**
 * Only what the registry has under the name of the image is deployed. What the build told of itself proves nothing: its steps are a tenant's
 * code, and all tenants share a repository, where another digest would be another's function.
 */
const verifiedDigest = async (builds: ImageBuilder, build: Build, claimed: string | undefined): Promise<string> => {
  const refuse = (message: string, field: string): never => {
    throw new CodedError('IMAGE_REFUSED', message, { field });
  };
  const digest = await builds.findImage(build.image);
  if (digest === undefined) return refuse(`The image of build ${build.buildId} is not in the registry`, 'data.image_uri');
  if ([build.imageDigest, claimed].some((told) => told !== undefined && told !== digest))
    return refuse(`The image of build ${build.buildId} has another digest`, 'data.image_digest');
  return digest;
};

/** Another build of the function may still bring it, and a function that is there takes events with its older image. */
const nothingElseComes = async (deps: FinishDeps, ref: FunctionRef): Promise<boolean> => {
  // In this order: a build that ends between the two looks has brought the function by the second.
  const { items } = await deps.builds.list(ref, { limit: 100 });
  return items.every((build) => hasEnded(build.status)) && (await deps.functions.get(ref)) === undefined;
};

export const refusalOf = (build: Build): CodedError => {
  const message = `The function's build ${build.buildId} has ended as "${build.status}": ${build.errorMessage ?? 'no reason is known'}`;
  if (build.status === 'timeout') return new CodedError('BUILD_TIMEOUT', message);
  return new CodedError(build.status === 'cancelled' ? 'BUILD_CANCELLED' : 'BUILD_FAILED', message);
};

const fail = async (deps: FinishDeps, build: Build): Promise<Outcome> => {
  const count = (await nothingElseComes(deps, build.ref)) ? await deps.pending.reject(build.ref, refusalOf(build)) : 0;
  return {
    status: 'acknowledged',
    ref: build.ref,
    buildId: build.buildId,
    message: `The build did not complete; ${count} waiting events are dead letters now`,
  };
};

/**
 * Its deletion found no build to cancel, since this one was still being packed, and none of the events that wait for it now. What came after
 * the deletion asks for the function anew, unless it is a copy; the sweep begins that.
 */
const rejectDeleted = async (deps: FinishDeps, { ref, buildId, cause }: Build, deletedAt: number): Promise<Outcome> => {
  const message = 'The function was deleted while it was built';
  const isMeant = ({ event, askedAt }: WaitingEvent): boolean => askedAt <= deletedAt || isSameEvent(event, cause);
  const count = await deps.pending.reject(ref, new CodedError('FUNCTION_DELETED', message), isMeant);
  return { status: 'acknowledged', ref, buildId, message: `${message}; ${count} waiting events are dead letters now` };
};

const complete = async (deps: FinishDeps, build: Build, claimed: string | undefined, origin: Origin): Promise<Outcome> => {
  const { ref, buildId } = build;
  const current = await deps.functions.get(ref);
  // A copy that comes late: a forced build of the same source may have given the name of the image to its own.
  if (current !== undefined && current.requestedAt > build.requestedAt)
    return { status: 'skipped', ref, buildId, message: 'A later request is deployed already' };
  const digest = await verifiedDigest(deps.builds, build, claimed);
  const deployed = await deps.deploy(build, digest, build.requestedAt, origin);
  const deletedAt = deployed.outcome === 'superseded' ? deployed.deletedAt : undefined;
  if (deletedAt !== undefined && (await nothingElseComes(deps, ref))) return rejectDeleted(deps, build, deletedAt);
  return { status: 'acknowledged', ref, buildId, message: `The function is ${deployed.outcome}` };
};

/** Also what a build's own record says, when its completion event was lost. */
export const finishBuild = (deps: FinishDeps, build: Build, origin: Origin, claimed?: string): Promise<Outcome> =>
  build.status === 'complete' ? complete(deps, build, claimed, origin) : fail(deps, build);

const claimedStatus = { 'build.complete': 'complete', 'build.failed': 'failed', 'build.timeout': 'timeout' } as const;

export const createFinishBuild =
  (deps: FinishDeps & { measure: MeasureBuild }) =>
  async ({ name, ref, data }: Completion, origin: Origin): Promise<Outcome> => {
    const build = await buildNamed(deps.builds, data.build_id);
    checkCompletion(build, ref, data);
    // A build that runs again has left this completion behind.
    if (!hasEnded(build.status))
      return { status: 'skipped', ref, buildId: build.buildId, message: `The build is ${build.status}` };
    if (build.status !== claimedStatus[name]) {
      throw new CodedError('COMPLETION_MISMATCH', `Build ${build.buildId} has ended as "${build.status}"`, { field: 'type' });
    }
    // First: its place is free, whether or not the build can be finished now.
    await deps.builds.admitNext();
    const outcome = await finishBuild(deps, build, origin, data.image_digest);
    deps.measure(build, build.status, build.endedAt);
    return outcome;
  };
