// build.cancel, and the same by the API: the build's processes are gone before the answer, and who waited for it is told.
import { hasEnded, type Build } from '../core/build.ts';
import { CodedError } from '../core/errors.ts';
import type { LambdaEvent } from '../core/events.ts';
import { isSameRef } from '../core/function-spec.ts';
import type { FunctionRef } from '../core/function.ts';
import type { FunctionPlatform, ImageBuilder } from '../ports.ts';
import type { MeasureBuild } from './measure-build.ts';
import type { Outcome } from './outcome.ts';
import type { PendingEvents } from './pending-events.ts';

export type CancelDeps = {
  builds: ImageBuilder;
  functions: FunctionPlatform;
  pending: PendingEvents;
  measure: MeasureBuild;
  now: () => number;
};
export type CancelBuild = (ref: FunctionRef, buildId: string | undefined, reason: string | undefined) => Promise<Outcome>;

const newestBuilds = 100;

/**
 * The build that is named, or all of the function's that are not over. One that was cancelled before is cancelled again: where that was
 * cut off, its pods may still run.
 */
const buildsToCancel = async (builds: ImageBuilder, ref: FunctionRef, buildId: string | undefined): Promise<Build[]> => {
  if (buildId === undefined) {
    const { items } = await builds.list(ref, { limit: newestBuilds });
    return items.filter(({ status }) => !hasEnded(status) || status === 'cancelled');
  }
  const build = await builds.get(buildId);
  // Where a build is a job, a cancelled one is gone: this may be the same wish again.
  if (build === undefined) return [];
  if (!isSameRef(build.ref, ref))
    throw new CodedError('BUILD_UNKNOWN', `The function has no build "${buildId}"`, { field: 'data.build_id' });
  return [build];
};

/** @param cancelled how many builds; where it was none, one that has completed may be about to be deployed */
const nothingComes = async ({ builds, functions }: CancelDeps, ref: FunctionRef, cancelled: number): Promise<boolean> => {
  const { items } = await builds.list(ref, { limit: newestBuilds });
  if (items.some(({ status }) => !hasEnded(status) || (cancelled === 0 && status === 'complete'))) return false;
  return (await functions.get(ref)) === undefined;
};

export const createCancelBuild =
  (deps: CancelDeps): CancelBuild =>
  async (ref, buildId, reason = 'Cancelled on request') => {
    const found = await buildsToCancel(deps.builds, ref, buildId);
    const ends = await Promise.all(found.map((build) => deps.builds.cancel(build.buildId, reason)));
    const cancelled = found.filter((_, at) => ends[at] === 'cancelled');
    for (const build of cancelled) deps.measure(build, 'cancelled', build.endedAt ?? deps.now());
    // Also when there was nothing to cancel any more: whoever cancelled it may have died before this.
    if (await nothingComes(deps, ref, cancelled.length))
      await deps.pending.reject(ref, new CodedError('BUILD_CANCELLED', `The function's build was cancelled: ${reason}`));
    await deps.builds.admitNext();
    const named = buildId ?? cancelled[0]?.buildId;
    const about = { ref, ...(named === undefined ? {} : { buildId: named }) };
    if (cancelled.length === 0) return { ...about, status: 'skipped', message: 'There was no build to cancel' };
    const count = cancelled.length === 1 ? '1 build' : `${cancelled.length} builds`;
    return { ...about, status: 'acknowledged', message: `Cancelled ${count}` };
  };

export const onCancelEvent =
  (cancel: CancelBuild) =>
  ({ ref, data }: LambdaEvent<'build.cancel'>): Promise<Outcome> =>
    cancel(ref, data.build_id, data.reason);
