// A cancelled build is marked, told of and deleted, in this order: whoever dies in between leaves a mark that says what is left to do.
import { hasEnded } from '../../../core/build.ts';
import { progressAnnotations } from '../../../core/build-progress.ts';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import { completionOf } from '../../../core/emitted.ts';
import type { KubernetesClient } from '../client.ts';
import { unavailable } from '../errors.ts';
import { get, patch, pointer, remove } from '../verbs.ts';
import { watch } from '../watch.ts';
import { annotations, queueLabel, type QueueState } from './job-labels.ts';
import { jobs, type Job } from './objects.ts';
import { buildOf } from './read-job.ts';

export type CancelDeps = {
  client: KubernetesClient;
  namespace: string;
  /** Publishes the event that tells of the end; resolves once the broker owes it. */
  completed: (event: CloudEvent) => Promise<void>;
  /** The place of the build is free. */
  over: (uid: string) => void;
  now: () => number;
};

export type Cancelling = {
  cancel(buildId: string, reason: string): Promise<'cancelled' | 'ended' | 'absent'>;
  /** What is left to do for a job that carries the mark. */
  finish(job: Job): Promise<void>;
};

const maxReason = 4_096;
const maxTries = 10;
/** Longer than a pod may take to end (terminationGracePeriodSeconds), so that only a node that is gone holds it up. */
const goneWithinMs = 45_000;

const annotation = (name: string): string => `/metadata/annotations/${pointer(name)}`;

/** On exactly what was read: a build that ends at this moment has ended. */
const mark = async ({ client, namespace, now }: CancelDeps, job: Job, reason: string): Promise<Job | undefined> => {
  const { name, uid, resourceVersion } = job.metadata;
  const marked = await patch(client, jobs, { namespace, name }, [
    { op: 'test', path: '/metadata/uid', value: uid },
    { op: 'test', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: annotation(annotations.cancelledAt), value: new Date(now()).toISOString() },
    { op: 'add', path: annotation(progressAnnotations.errorMessage), value: reason.slice(0, maxReason).toWellFormed() },
    { op: 'add', path: `/metadata/labels/${pointer(queueLabel)}`, value: 'cancelled' satisfies QueueState },
  ]);
  return typeof marked === 'string' ? undefined : marked;
};

/** A job that is deleted with all that belongs to it in front of it goes last: then no pod is left. */
const untilGone = async ({ client, namespace }: CancelDeps, { metadata: { name, uid } }: Job): Promise<void> => {
  const signal = AbortSignal.timeout(goneWithinMs);
  const isIt = (job: Job): boolean => job.metadata.uid === uid;
  for await (const change of watch(client, jobs, { namespace, fieldSelector: `metadata.name=${name}`, signal })) {
    const isGone = change.type === 'listed' ? !change.objects.some(isIt) : change.type === 'deleted' && isIt(change.object);
    if (isGone) return;
  }
  throw unavailable(new Error(`The pods of ${name} have not ended within ${goneWithinMs} ms`), 10);
};

export const createCancelling = (deps: CancelDeps): Cancelling => {
  const { client, namespace } = deps;
  const finish = async (job: Job): Promise<void> => {
    const build = buildOf(job);
    const { name, uid = '' } = job.metadata;
    if (build?.status !== 'cancelled') return;
    await deps.completed(completionOf({ ...build, status: 'cancelled' }));
    await remove(client, jobs, { namespace, name }, { uid, propagation: 'Foreground' });
    await untilGone(deps, job);
    deps.over(uid);
  };
  return {
    finish,
    cancel: async (buildId, reason) => {
      for (let tries = 1; tries <= maxTries; tries++) {
        const job = await get(client, jobs, { namespace, name: `build-${buildId}` });
        const build = job === undefined ? undefined : buildOf(job);
        if (job === undefined || build === undefined) return 'absent';
        if (hasEnded(build.status) && build.status !== 'cancelled') return 'ended';
        const marked = build.status === 'cancelled' ? job : await mark(deps, job, reason);
        if (marked === undefined) continue;
        await finish(marked);
        return 'cancelled';
      }
      throw unavailable(new Error(`The job of build ${buildId} changed ${maxTries} times in a row`));
    },
  };
};
