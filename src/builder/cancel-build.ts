// build.cancel, and the same by the API: the build's processes are gone before the answer, and who waited for it is told.
import { hasEnded, type Build } from '../core/build.ts';
import { CodedError } from '../core/errors.ts';
import type { LambdaEvent } from '../core/events.ts';
import type { FunctionRef } from '../core/function.ts';
import type { FunctionPlatform, ImageBuilder } from '../ports.ts';
import type { Outcome } from './outcome.ts';
import type { PendingEvents } from './pending-events.ts';

export type CancelDeps = { builds: ImageBuilder; functions: FunctionPlatform; pending: PendingEvents };
export type CancelBuild = (ref: FunctionRef, buildId: string | undefined, reason: string | undefined) => Promise<Outcome>;

const newestBuilds = 100;

/** The build that is named, or all of the function's that have not ended. */
const buildsToCancel = async (builds: ImageBuilder, ref: FunctionRef, buildId: string | undefined): Promise<Build[]> => {
  if (buildId === undefined)
    return (await builds.list(ref, { limit: newestBuilds })).items.filter((build) => !hasEnded(build.status));
  const build = await builds.get(buildId);
  if (build?.ref.tenant !== ref.tenant || build.ref.function !== ref.function) {
    throw new CodedError('BUILD_UNKNOWN', `The function has no build "${buildId}"`, { field: 'data.build_id' });
  }
  return [build];
};

export const createCancelBuild =
  (deps: CancelDeps): CancelBuild =>
  async (ref, buildId, reason = 'Cancelled on request') => {
    const found = await buildsToCancel(deps.builds, ref, buildId);
    const ends = await Promise.all(found.map((build) => deps.builds.cancel(build.buildId, reason)));
    const cancelled = ends.filter((end) => end === 'cancelled').length;
    const left = (await deps.builds.list(ref, { limit: newestBuilds })).items.filter((build) => !hasEnded(build.status));
    if (cancelled > 0 && left.length === 0 && (await deps.functions.get(ref)) === undefined) {
      await deps.pending.reject(ref, new CodedError('BUILD_CANCELLED', `The function's build was cancelled: ${reason}`));
    }
    await deps.builds.admitNext();
    const [first] = found;
    const message =
      cancelled === 0 ? 'There was no build to cancel' : `Cancelled ${cancelled} build${cancelled === 1 ? '' : 's'}`;
    return {
      status: cancelled === 0 ? 'skipped' : 'acknowledged',
      ref,
      message,
      ...(first === undefined ? {} : { buildId: first.buildId }),
    };
  };

export const onCancelEvent =
  (cancel: CancelBuild) =>
  ({ ref, data }: LambdaEvent<'build.cancel'>): Promise<Outcome> =>
    cancel(ref, data.build_id, data.reason);
