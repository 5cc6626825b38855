// A build as its job tells of it. Pure: what was asked for is in the annotations, how it goes in the status, how it went in what the
// monitor wrote.
import { jobName, type Build, type BuildStatus } from '../../../core/build.ts';
import { progressAnnotations, type Phase, type ProgressField } from '../../../core/build-progress.ts';
import { isConditionTrue, type Condition } from '../objects.ts';
import { annotations, requestIn } from './job-labels.ts';
import type { Job } from './objects.ts';

const progressOf = (job: Job, field: ProgressField): string | undefined => job.metadata.annotations?.[progressAnnotations[field]];

const timeOf = (text: string | undefined): number | undefined => {
  const time = Date.parse(text ?? '');
  return Number.isNaN(time) ? undefined : time;
};

const failureOf = ({ status }: Job): Condition | undefined =>
  status?.conditions?.find(({ type, status: holds }) => holds === 'True' && (type === 'Failed' || type === 'FailureTarget'));

const endPhases: Readonly<Partial<Record<Phase, BuildStatus>>> = { complete: 'complete', failed: 'failed', timeout: 'timeout' };

/**
 * What the monitor saw of the end comes before what the job says: the job ends only when the monitor has, and whoever was told of an
 * end must find it.
 */
const statusOf = (job: Job): BuildStatus => {
  if (job.metadata.annotations?.[annotations.cancelledAt] !== undefined) return 'cancelled';
  const end = endPhases[progressOf(job, 'phase') as Phase];
  if (end !== undefined) return end;
  const conditions = job.status?.conditions;
  if (isConditionTrue(conditions, 'Complete') || isConditionTrue(conditions, 'SuccessCriteriaMet')) return 'complete';
  const failure = failureOf(job);
  if (failure !== undefined) return failure.reason === 'DeadlineExceeded' ? 'timeout' : 'failed';
  // Deleted by somebody else: its pods are about to go, and it with them.
  if (job.metadata.deletionTimestamp !== undefined) return 'cancelled';
  return job.spec.suspend === true ? 'queued' : 'running';
};

const isDigest = (text: string | undefined): text is string => /^sha256:[0-9a-f]{64}$/.test(text ?? '');
const isExitCode = (text: string | undefined): text is string => /^-?\d{1,9}$/.test(text ?? '');

const startOf = (job: Job): number | undefined => timeOf(progressOf(job, 'startedAt')) ?? timeOf(job.status?.startTime);

const endOf = (job: Job): number | undefined =>
  timeOf(job.metadata.annotations?.[annotations.cancelledAt]) ??
  timeOf(progressOf(job, 'endedAt')) ??
  timeOf(job.status?.completionTime) ??
  timeOf(failureOf(job)?.lastTransitionTime) ??
  timeOf(job.metadata.deletionTimestamp);

/** What is known of how it went; absent is what is not known. */
const facts = (job: Job, status: BuildStatus): Partial<Build> => {
  if (status === 'queued') return {};
  const startedAt = startOf(job);
  const started = startedAt === undefined ? {} : { startedAt };
  if (status === 'running') return started;
  const [endedAt, exitCode, imageDigest] = [endOf(job), progressOf(job, 'exitCode'), progressOf(job, 'imageDigest')];
  const errorMessage = progressOf(job, 'errorMessage') ?? failureOf(job)?.message;
  return {
    ...started,
    ...(endedAt === undefined ? {} : { endedAt }),
    ...(isExitCode(exitCode) ? { exitCode: Number(exitCode) } : {}),
    ...(status === 'complete' && isDigest(imageDigest) ? { imageDigest } : {}),
    ...(status === 'complete' || errorMessage === undefined ? {} : { errorMessage }),
  };
};

/** Undefined when the job is none of the platform's, or claims to be another build's. */
export const buildOf = (job: Job): Build | undefined => {
  const request = requestIn(job.metadata);
  if (request === undefined || job.metadata.name !== jobName(request.buildId)) return undefined;
  const status = statusOf(job);
  return { ...request, status, jobName: job.metadata.name, ...facts(job, status) };
};
