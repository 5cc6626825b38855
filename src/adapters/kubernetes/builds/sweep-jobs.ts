// What replicas that died left half done: jobs that wait and have no place, places whose jobs are no more, turns that were given and
// not carried out, cancelled builds whose jobs are still there.
import type { Logger } from '../../../ops/logger.ts';
import type { Admission } from './admission.ts';
import type { Cancelling } from './cancel-build.ts';
import { annotations } from './job-labels.ts';
import type { Job } from './objects.ts';
import { placeOf, promote, type Place, type Places } from './places.ts';
import type { PlacesLedger } from './places-ledger.ts';
import { isWaiting, placeFor, type QueuedJobs } from './queued-jobs.ts';

export type SweepDeps = {
  admission: Admission;
  ledger: PlacesLedger;
  queuedJobs: QueuedJobs;
  cancelling: Cancelling;
  logger: Logger;
  now: () => number;
};

/** Who marked it is at work on it for so long. */
const cancelledForMs = 60_000;

const isForgotten = (job: Job, now: number): boolean => {
  const since = Date.parse(job.metadata.annotations?.[annotations.cancelledAt] ?? '');
  return now - since > cancelledForMs;
};

const enterWaiting = async ({ admission, queuedJobs }: SweepDeps, jobs: readonly Job[], places: Places): Promise<void> => {
  const unlisted = jobs.filter((job) => placeOf(places, job.metadata.uid ?? '') === undefined);
  for (const job of unlisted) {
    const adopted = await queuedJobs.adopt(job);
    const place = adopted === undefined ? undefined : placeFor(adopted);
    if (place !== undefined) await admission.enter(place);
  }
};

/** Places whose jobs were not among those that wait. */
const checkPlaces = async (deps: SweepDeps, waiting: ReadonlySet<string>, places: Places): Promise<void> => {
  const { admission, ledger, queuedJobs } = deps;
  const running: Place[] = [];
  for (const place of [...places.admitted, ...places.queued]) {
    const isQueued = placeOf(places, place.uid) === 'queued';
    if (isQueued && waiting.has(place.uid)) continue;
    const state = await queuedJobs.look(place);
    if (state === 'over') admission.over(place.uid);
    else if (isQueued && state === 'running') running.push(place);
    // Its turn was given and not carried out.
    else if (!isQueued && state === 'waiting') await admission.enter(place);
  }
  // Let go by somebody else, by hand: it runs, so that it takes a running place.
  if (running.length > 0) await ledger.change((now) => ({ places: promote(now, running), result: undefined }));
};

const step = async ({ logger }: SweepDeps, job: Job, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (err) {
    logger.warn({ err, job: job.metadata.name }, 'a build could not be put in order yet');
  }
};

/** One pass. What fails is tried again by the next. */
export const createJobSweep = (deps: SweepDeps, isQueueOurs: boolean) => async (): Promise<void> => {
  const waiting: Job[] = [];
  for await (const jobs of deps.queuedJobs.list()) {
    waiting.push(...jobs.filter(isWaiting));
    for (const job of jobs.filter((each) => isForgotten(each, deps.now())))
      await step(deps, job, () => deps.cancelling.finish(job));
  }
  if (!isQueueOurs) return;
  const places = await deps.ledger.change((now) => ({ places: now, result: now }));
  await checkPlaces(deps, new Set(waiting.map(({ metadata }) => metadata.uid ?? '')), places);
  await enterWaiting(deps, waiting, places);
  await deps.admission.next();
};
