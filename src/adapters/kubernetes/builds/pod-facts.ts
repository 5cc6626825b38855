// How a build's pod tells of it: what the monitor would have written, when it died before it could.
import { builderContainer, endOfContainer, type TerminatedState } from '../../../core/build-progress.ts';
import type { Build } from '../../../core/build.ts';
import type { KubernetesClient } from '../client.ts';
import { listAll } from '../list.ts';
import { pods, type Job, type Pod } from './objects.ts';

type KanikoState = NonNullable<NonNullable<NonNullable<Pod['status']>['containerStatuses']>[number]['state']>;

export const kanikoOf = (pod: Pod): KanikoState =>
  pod.status?.containerStatuses?.find(({ name }) => name === builderContainer)?.state ?? {};

/** The newest pod of the job: of one that was evicted the job may have made another. */
export const podOf = async (client: KubernetesClient, namespace: string, job: Job): Promise<Pod | undefined> => {
  const labelSelector = `batch.kubernetes.io/controller-uid=${job.metadata.uid ?? ''}`;
  const { items } = await listAll(client, pods, { namespace, labelSelector });
  const age = ({ metadata }: Pod): string => metadata.creationTimestamp ?? '';
  return items.sort((one, other) => (age(one) < age(other) ? 1 : -1))[0];
};

const timeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : Date.parse(text));

/** Whether anything is left to learn from the pod. */
export const lacksFacts = (build: Build): boolean =>
  build.status === 'complete' ? build.imageDigest === undefined : build.status === 'failed' && build.exitCode === undefined;

export const withFacts = (build: Build, terminated: TerminatedState): Build => {
  const { exitCode, imageDigest, errorMessage } = endOfContainer(terminated);
  const [startedAt, endedAt] = [build.startedAt ?? timeOf(terminated.startedAt), build.endedAt ?? timeOf(terminated.finishedAt)];
  return {
    ...build,
    exitCode: build.exitCode ?? exitCode,
    ...(build.status === 'complete' && imageDigest !== undefined ? { imageDigest } : {}),
    ...(build.status === 'failed' && errorMessage !== undefined ? { errorMessage } : {}),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(endedAt === undefined ? {} : { endedAt }),
  };
};
