// A build is promised once its job is there and has its place. The job comes first, so that a place never belongs to nothing; one that
// finds no place is taken back, unless somebody else relies on it by then.
import { hasEnded, jobName, type Build, type BuildRequest } from '../../../core/build.ts';
import { CodedError } from '../../../core/errors.ts';
import type { Runtime } from '../../../core/source.ts';
import type { KubernetesClient } from '../client.ts';
import { unavailable } from '../errors.ts';
import { create, get, remove } from '../verbs.ts';
import type { Admission } from './admission.ts';
import { annotations } from './job-labels.ts';
import type { KanikoJobSettings } from './job-settings.ts';
import { kanikoJob } from './kaniko-job.ts';
import { jobs, type Job } from './objects.ts';
import { placeOf, type Place } from './places.ts';
import type { PlacesLedger } from './places-ledger.ts';
import { isWaiting, placeFor, type QueuedJobs } from './queued-jobs.ts';
import { buildOf } from './read-job.ts';

export type Submitted = { outcome: 'started' | 'queued' | 'exists'; build: Build };

export type SubmitDeps = {
  client: KubernetesClient;
  settings: KanikoJobSettings;
  admission: Admission;
  ledger: PlacesLedger;
  queuedJobs: QueuedJobs;
  maxQueued: number;
  baseImages: (runtime: Runtime) => Promise<Readonly<Record<string, string>>>;
  now: () => number;
};

const maxTries = 8;
/** By then one of the running builds has moved on, in all likelihood. */
const retryAfterSeconds = 10;

const queueFull = (maxQueued: number): CodedError =>
  new CodedError('QUEUE_FULL', `${maxQueued} builds are waiting already`, { limit: 'queued builds', retryAfterSeconds });

const known = (job: Job): { job: Job; build: Build; place: Place } => {
  const [build, place] = [buildOf(job), placeFor(job)];
  if (build === undefined || place === undefined)
    throw new CodedError('NAME_CONFLICT', `The job "${job.metadata.name}" is none of the platform's`);
  return { job, build, place };
};

type Tried = Submitted | 'again';

/** One too many. False when somebody relies on it by now; the job controller's own remarks on it are nobody's reliance. */
const takeBack = async (deps: SubmitDeps, job: Job): Promise<boolean> => {
  const adoption = ({ metadata }: Job): string | undefined => metadata.annotations?.[annotations.adoptedAt];
  for (let current: Job | undefined = job; current !== undefined; current = await jobNow(deps, job)) {
    if (adoption(current) !== adoption(job) || !isWaiting(current)) return false;
    const { name, uid = '', resourceVersion = '' } = current.metadata;
    const at = { namespace: deps.settings.namespace, name };
    if ((await remove(deps.client, jobs, at, { uid, resourceVersion, propagation: 'Background' })) !== 'conflict') return true;
  }
  return true;
};

/** Its place, and then how it stands. */
const enter = async (deps: SubmitDeps, job: Job, outcome: 'created' | 'exists'): Promise<Tried> => {
  const { place } = known(job);
  const entered = await deps.admission.enter(place);
  if (entered.place === 'full') {
    if (await takeBack(deps, job)) throw queueFull(deps.maxQueued);
    return 'again';
  }
  const now = entered.job ?? (entered.place === 'admitted' ? await jobNow(deps, job) : job);
  if (now === undefined) return 'again';
  const { build } = known(now);
  if (outcome === 'exists') return { outcome, build };
  return { outcome: build.status === 'queued' ? 'queued' : 'started', build };
};

const jobNow = async ({ client, settings }: SubmitDeps, { metadata }: Job): Promise<Job | undefined> => {
  const found = await get(client, jobs, { namespace: settings.namespace, name: metadata.name });
  return found?.metadata.uid === metadata.uid ? found : undefined;
};

const refuseIfFull = async ({ ledger, maxQueued, settings }: SubmitDeps, buildId: string): Promise<void> => {
  if (settings.kueueQueue !== undefined) return;
  const isFull = await ledger.change((places) => ({
    places,
    result:
      places.queued.length >= maxQueued && ![...places.admitted, ...places.queued].some((place) => place.buildId === buildId),
  }));
  if (isFull) throw queueFull(maxQueued);
};

/** By what this process saw last, so that a queue that is not full costs no look at it. */
const refuseIfLikelyFull = async (deps: SubmitDeps, buildId: string): Promise<void> => {
  if ((deps.ledger.lastSeen()?.queued.length ?? 0) >= deps.maxQueued) await refuseIfFull(deps, buildId);
};

/** A job of that name is there: it is the answer, or it has ended and makes room for the next attempt. */
const meet = async (deps: SubmitDeps, found: Job, knownEnd: number): Promise<Tried | { attempt: number }> => {
  const { build, place, job } = known(found);
  if (hasEnded(build.status)) {
    deps.admission.over(place.uid);
    if (job.metadata.deletionTimestamp !== undefined)
      throw unavailable(new Error(`The job ${build.jobName} is being deleted; its pods are still there`), 2);
    if (build.attempt > knownEnd) return { outcome: 'exists', build };
    // What it says of its attempt goes with it: not for one that would find no place.
    await refuseIfFull(deps, build.buildId);
    const at = { namespace: deps.settings.namespace, name: build.jobName };
    await remove(deps.client, jobs, at, { uid: place.uid, propagation: 'Background' });
    return { attempt: build.attempt + 1 };
  }
  if (build.status === 'running' || deps.settings.kueueQueue !== undefined) return { outcome: 'exists', build };
  const at = await deps.ledger.change((places) => ({ places, result: placeOf(places, place.uid) }));
  if (at === 'queued') return { outcome: 'exists', build };
  // Whoever made it may be about to take it back.
  const relied = at === 'admitted' ? job : await deps.queuedJobs.adopt(job);
  return relied === undefined ? 'again' : enter(deps, relied, 'exists');
};

export const createSubmit =
  (deps: SubmitDeps) =>
  async (request: BuildRequest, knownEnd?: number): Promise<Submitted> => {
    const { client, settings, now } = deps;
    const baseImages = await deps.baseImages(request.runtime);
    let attempt = (knownEnd ?? 0) + 1;
    // Only before anything is made: afterwards it has to be taken back.
    await refuseIfLikelyFull(deps, request.buildId);
    for (let tries = 1; tries <= maxTries; tries++) {
      const wanted = kanikoJob(request, { attempt, createdAt: now() }, baseImages, settings);
      const created = await create(client, jobs, settings.namespace, wanted);
      if (created !== 'exists') {
        if (settings.kueueQueue !== undefined) return { outcome: 'queued', build: known(created).build };
        const entered = await enter(deps, created, 'created');
        if (entered !== 'again') return entered;
        continue;
      }
      const found = await get(client, jobs, { namespace: settings.namespace, name: jobName(request.buildId) });
      const met = found === undefined ? 'again' : await meet(deps, found, knownEnd ?? Infinity);
      if (met === 'again') continue;
      if ('outcome' in met) return met;
      ({ attempt } = met);
    }
    throw unavailable(new Error(`The job of build ${request.buildId} came and went ${maxTries} times`));
  };
