// What is done to the jobs of builds that wait. Each change states what it takes for granted; when that does not hold, nothing is changed.
import { hasEnded } from '../../../core/build.ts';
import type { KubernetesClient } from '../client.ts';
import { listPages } from '../list.ts';
import { get, patch, pointer } from '../verbs.ts';
import { allBuilds, annotations, queueLabel, type QueueState } from './job-labels.ts';
import { jobs, type Job } from './objects.ts';
import type { Place } from './places.ts';
import { buildOf } from './read-job.ts';

export type QueuedJobs = {
  /** The job as it runs. `kept`: it waits no longer, or is another one by now. */
  letGo(place: Place): Promise<Job | 'kept'>;
  /** The job, changed, so that whoever created it can't take it back as one too many. Undefined: too late, or it waits no longer. */
  adopt(job: Job): Promise<Job | undefined>;
  /** `over`: ended or gone, its place is free. */
  look(place: Place): Promise<'waiting' | 'running' | 'over'>;
  /** Jobs that wait, or were cancelled and are still there. */
  list(): AsyncGenerator<Job[]>;
  /** All that have not ended, for when nothing else says who waits and who runs. */
  unfinished(): Promise<{ waiting: Place[]; running: Place[] }>;
};

export const isWaiting = (job: Job): boolean => buildOf(job)?.status === 'queued';

export const placeFor = (job: Job): Place | undefined => {
  const build = buildOf(job);
  const { uid } = job.metadata;
  if (build === undefined || uid === undefined) return undefined;
  return { buildId: build.buildId, uid, tenant: build.ref.tenant, priority: build.priority, createdAt: build.createdAt };
};

const label = `/metadata/labels/${pointer(queueLabel)}`;
const isIn = (state: QueueState) => ({ op: 'test', path: label, value: state }) as const;

export const createQueuedJobs = (client: KubernetesClient, namespace: string, now: () => number): QueuedJobs => {
  const nameOf = (buildId: string) => ({ namespace, name: `build-${buildId}` });
  const isObject = (uid: string | undefined) => ({ op: 'test', path: '/metadata/uid', value: uid }) as const;
  return {
    letGo: async ({ buildId, uid }) => {
      const job = await patch(client, jobs, nameOf(buildId), [
        isObject(uid),
        isIn('waiting'),
        { op: 'replace', path: '/spec/suspend', value: false },
        { op: 'replace', path: label, value: 'admitted' satisfies QueueState },
      ]);
      return typeof job === 'string' ? 'kept' : job;
    },
    adopt: async ({ metadata: { uid, name } }) => {
      const mark = `${now()} ${Math.random()}`;
      const job = await patch(client, jobs, { namespace, name }, [
        isObject(uid),
        isIn('waiting'),
        { op: 'add', path: `/metadata/annotations/${pointer(annotations.adoptedAt)}`, value: mark },
      ]);
      return typeof job === 'string' ? undefined : job;
    },
    look: async ({ buildId, uid }) => {
      const job = await get(client, jobs, nameOf(buildId));
      const build = job === undefined || job.metadata.uid !== uid ? undefined : buildOf(job);
      if (build === undefined || hasEnded(build.status)) return 'over';
      return build.status === 'queued' ? 'waiting' : 'running';
    },
    list: async function* () {
      const labelSelector = `${allBuilds},${queueLabel} in (waiting,cancelled)`;
      for await (const { items } of listPages(client, jobs, { namespace, labelSelector })) yield items;
    },
    unfinished: async () => {
      const found: { waiting: Place[]; running: Place[] } = { waiting: [], running: [] };
      for await (const { items } of listPages(client, jobs, { namespace, labelSelector: `${allBuilds},${queueLabel}` })) {
        for (const job of items) {
          const [place, status] = [placeFor(job), buildOf(job)?.status];
          if (place === undefined || status === undefined || hasEnded(status)) continue;
          (status === 'queued' ? found.waiting : found.running).push(place);
        }
      }
      return found;
    },
  };
};
