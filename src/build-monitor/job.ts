// The job of the build: what the monitor writes on it, and what the job itself says of its end.
import { cancelledAnnotation, progressAnnotations, type ProgressField } from '../core/build-progress.ts';
import { ApiRefusal, type ApiServer, type Call } from './api-server.ts';

/** `null` takes an annotation away. */
export type Progress = Partial<Record<ProgressField, string | null>>;

/** `gone`: deleted, cancelled and about to be, or another one by now, so there is nothing to tell. */
export type JobState = 'active' | 'complete' | 'failed' | 'timeout' | 'gone';

type Job = {
  metadata?: { uid?: string; deletionTimestamp?: string; annotations?: Record<string, string> };
  status?: { conditions?: { type: string; status: string; reason?: string }[] };
};

export type BuildJob = {
  /** @throws ApiRefusal or Error, when it is not known */
  state(uid: string | undefined, signal: AbortSignal): Promise<JobState>;
  /** Writes on this very job, not on one of the same name. @throws like `state` */
  write(progress: Progress, uid: string | undefined, signal: AbortSignal): Promise<JobState>;
};

const isOver = ({ metadata }: Job, uid: string | undefined): boolean =>
  metadata?.annotations?.[cancelledAnnotation] !== undefined ||
  metadata?.deletionTimestamp !== undefined ||
  (uid !== undefined && metadata?.uid !== uid);

/** A job about to fail says so before its pods are gone (`FailureTarget`), and `Failed` only when they are. */
const stateOf = (job: Job, uid: string | undefined): JobState => {
  if (isOver(job, uid)) return 'gone';
  const holding = (job.status?.conditions ?? []).filter((condition) => condition.status === 'True');
  const failure = holding.find(({ type }) => type === 'FailureTarget' || type === 'Failed');
  if (failure !== undefined) return failure.reason === 'DeadlineExceeded' ? 'timeout' : 'failed';
  return holding.some(({ type }) => type === 'Complete' || type === 'SuccessCriteriaMet') ? 'complete' : 'active';
};

const annotationsOf = (progress: Progress): Record<string, string | null | undefined> =>
  Object.fromEntries(Object.entries(progress).map(([field, value]) => [progressAnnotations[field as ProgressField], value]));

/** Deleted, or the job of this name is the next attempt's: a uid never changes, so the server takes another one for a mistake. */
const isGone = (thrown: unknown): boolean =>
  thrown instanceof ApiRefusal && (thrown.status === 404 || (thrown.status === 422 && thrown.message.includes('metadata.uid')));

export const createBuildJob = (api: Pick<ApiServer, 'get' | 'patch'>, namespace: string, name: string): BuildJob => {
  const path = `/apis/batch/v1/namespaces/${namespace}/jobs/${name}`;
  const call = (signal: AbortSignal): Call => ({ maxBytes: 2 ** 20, timeoutMs: 5_000, signal });
  const understood = async (answer: Promise<Buffer>, uid: string | undefined): Promise<JobState> => {
    try {
      return stateOf(JSON.parse((await answer).toString('utf8')) as Job, uid);
    } catch (thrown) {
      if (isGone(thrown)) return 'gone';
      throw thrown;
    }
  };
  return {
    state: (uid, signal) => understood(api.get(path, call(signal)), uid),
    write: (progress, uid, signal) => {
      const metadata = { annotations: annotationsOf(progress), ...(uid === undefined ? {} : { uid }) };
      return understood(api.patch(path, { metadata }, call(signal)), uid);
    },
  };
};
