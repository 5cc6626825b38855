// Kubernetes says that a job, a service or a trigger changed. Only what the object's own record says counts: whoever sends such an event can at
// most make the builder look.
import { checkCompletion, hasEnded } from '../core/build.ts';
import { isUnderWay } from '../core/changed-object.ts';
import type { Origin } from '../core/emitted.ts';
import type { LambdaEvent } from '../core/events.ts';
import { finishBuild, type FinishDeps } from './finish-build.ts';
import type { Outcome } from './outcome.ts';

type Changed = LambdaEvent<'object.changed'>;

/** The second witness that a build ended, when its monitor died. */
const jobChanged = async (deps: FinishDeps, { ref, data }: Changed, origin: Origin): Promise<Outcome> => {
  const buildId = data.metadata.name.slice('build-'.length);
  const build = await deps.builds.get(buildId);
  if (build === undefined || !hasEnded(build.status))
    return { status: 'skipped', ref, buildId, message: 'The job has not ended' };
  checkCompletion(build, ref, { build_id: buildId });
  // A job changes many times after its end, and its monitor tells of the end first.
  const current = build.status === 'complete' ? await deps.functions.get(ref) : undefined;
  if (current !== undefined && current.requestedAt >= build.requestedAt)
    return { status: 'skipped', ref, buildId, message: 'The build is deployed already' };
  await deps.builds.admitNext();
  return finishBuild(deps, build, origin);
};

/** Once events for a function are taken, those that waited are handed over. Its service or its trigger may be the last to be ready. */
const functionChanged = async (deps: FinishDeps, { ref }: Changed): Promise<Outcome> => {
  const state = await deps.functions.get(ref);
  if (state === undefined || state.state === 'deploying')
    return { status: 'skipped', ref, message: 'The function takes no events yet' };
  const count = await deps.pending.deliver(ref);
  return { status: 'acknowledged', ref, message: `${count} waiting events were handed over` };
};

export const createObjectChanged =
  (deps: FinishDeps) =>
  async (changed: Changed, origin: Origin): Promise<Outcome> => {
    if (isUnderWay(changed.data)) return { status: 'skipped', ref: changed.ref, message: 'It is not that far yet' };
    return changed.data.kind === 'Job' ? jobChanged(deps, changed, origin) : functionChanged(deps, changed);
  };
