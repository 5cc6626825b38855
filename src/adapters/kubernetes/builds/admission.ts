// Who runs next, decided by all replicas together. A decision is written down before it is carried out: a job that has a running
// place and still waits, because whoever decided died, is let go by the next who looks.
import type { Logger } from '../../../ops/logger.ts';
import { decide } from './admission-decision.ts';
import type { Job } from './objects.ts';
import { placeOf, type AdmissionLimits, type Place } from './places.ts';
import type { PlacesLedger } from './places-ledger.ts';
import type { QueuedJobs } from './queued-jobs.ts';

export type Entered = {
  place: 'admitted' | 'queued' | 'full';
  /** As it is now, when it was let go here. */
  job?: Job;
};

export type Admission = {
  /** Gives a waiting job its place, and whoever is next their turn. */
  enter(place: Place): Promise<Entered>;
  /** Whose turn is it now? */
  next(): Promise<void>;
  /** The place of an ended build is free: told by whoever happens to see that it has ended. */
  over(uid: string): void;
  close(): void;
};

export type AdmissionDeps = {
  ledger: PlacesLedger;
  jobs: QueuedJobs;
  limits: AdmissionLimits;
  logger: Logger;
  now: () => number;
};

/** More ends than that are not remembered: whoever finds all places taken looks for itself. */
const maxRemembered = 1_000;

/** @param over told of a place whose job is no more */
const createTurns = ({ jobs, logger }: AdmissionDeps, over: (uid: string) => void) => {
  const look = async (place: Place): Promise<void> => {
    if ((await jobs.look(place)) === 'over') over(place.uid);
  };
  return {
    letGo: async (place: Place): Promise<Job | undefined> => {
      try {
        const job = await jobs.letGo(place);
        if (job !== 'kept') return job;
        await look(place);
      } catch (err) {
        // It has its place, which the sweep finds it by.
        logger.warn({ err, build_id: place.buildId }, 'a build whose turn it is could not be started yet');
      }
      return undefined;
    },
    /** Ends that nobody told of. */
    lookAround: async (admitted: readonly Place[]): Promise<void> => {
      await Promise.all(admitted.map(look));
    },
  };
};

export const createAdmission = (deps: AdmissionDeps): Admission => {
  const { ledger, limits, logger, now } = deps;
  const ended = new Set<string>();
  let timer: NodeJS.Timeout | undefined;

  const over = (uid: string): void => {
    if (ended.size < maxRemembered) ended.add(uid);
  };
  const { letGo, lookAround } = createTurns(deps, over);

  const wakeAfter = (ms: number): void => {
    clearTimeout(timer);
    const failed = (err: unknown): void => logger.warn({ err }, 'the next build could not be started yet');
    // A little late, and not all replicas at once.
    timer = setTimeout(() => void pass().catch(failed), ms + 20 + Math.random() * 200);
    timer.unref();
  };

  const pass = async (entering?: Place): Promise<Entered> => {
    const told = new Set(ended);
    const { isFull, isToLook, waitMs, turns, places } = await decide(ledger, limits, now, told, entering);
    for (const uid of told) ended.delete(uid);
    const started = await Promise.all(turns.map(async (place) => ({ uid: place.uid, job: await letGo(place) })));
    if (isToLook) await lookAround(places.admitted);
    if (ended.size > 0 && places.queued.length > 0) return pass(entering);
    if (waitMs !== undefined) wakeAfter(waitMs);
    if (isFull || entering === undefined) return { place: 'full' };
    const job = started.find(({ uid }) => uid === entering.uid)?.job;
    return { place: placeOf(places, entering.uid) ?? 'queued', ...(job === undefined ? {} : { job }) };
  };

  return {
    enter: pass,
    next: async () => {
      await pass();
    },
    over,
    close: () => clearTimeout(timer),
  };
};
