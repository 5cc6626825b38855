// The monitor's own pod, as the API server tells of it: what the kaniko container does, and whether the pod is to go.
import { builderContainer, type TerminatedState } from '../core/build-progress.ts';

type ContainerStatus = {
  name: string;
  state?: {
    waiting?: { reason?: string; message?: string };
    running?: { startedAt?: string };
    terminated?: TerminatedState;
  };
};

export type Pod = {
  metadata?: { ownerReferences?: { kind: string; uid: string }[]; deletionTimestamp?: string };
  status?: {
    reason?: string;
    message?: string;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
    containerStatuses?: ContainerStatus[];
  };
};

export type Kaniko =
  | { state: 'waiting'; trouble?: string }
  | { state: 'running'; startedAt?: string }
  | { state: 'terminated'; end: TerminatedState };

export type Seen = {
  /** Of the job that owns the pod: one of the same name may be the next attempt's. */
  jobUid?: string;
  kaniko: Kaniko;
  /** Why the pod goes although its build has not ended by itself: deleted, evicted, preempted. */
  disruption?: string;
};

/** Every container passes through these; any other reason is worth telling. */
const ordinary: readonly string[] = ['ContainerCreating', 'PodInitializing'];

const words = (...parts: (string | undefined)[]): string => parts.filter(Boolean).join(': ').slice(0, 1024);

const kanikoOf = ({ status }: Pod): Kaniko => {
  const { state = {} } = status?.containerStatuses?.find(({ name }) => name === builderContainer) ?? {};
  if (state.terminated !== undefined) return { state: 'terminated', end: state.terminated };
  if (state.running !== undefined) return { state: 'running', ...state.running };
  const { reason, message } = state.waiting ?? {};
  if (reason === undefined || ordinary.includes(reason)) return { state: 'waiting' };
  return { state: 'waiting', trouble: words(reason, message) };
};

const disruptionOf = ({ metadata, status }: Pod): string | undefined => {
  const target = status?.conditions?.find(({ type, status: value }) => type === 'DisruptionTarget' && value === 'True');
  if (target !== undefined) return words(target.reason ?? 'Disrupted', target.message);
  if (status?.reason !== undefined) return words(status.reason, status.message);
  return metadata?.deletionTimestamp === undefined ? undefined : 'The pod was deleted';
};

export const look = (pod: Pod): Seen => {
  const uid = pod.metadata?.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid;
  const disruption = disruptionOf(pod);
  return {
    kaniko: kanikoOf(pod),
    ...(uid === undefined ? {} : { jobUid: uid }),
    ...(disruption === undefined ? {} : { disruption }),
  };
};
