// The places of all replicas stand in one ConfigMap. Whoever changes it sends the version it has read; when somebody else was quicker
// the decision is taken again on what stands there now. So there is one order of decisions, and no leader (ADR 0030).
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { unavailable } from '../errors.ts';
import type { Places } from './places.ts';
import type { PlacesStore, StoredPlaces } from './places-store.ts';

/** Called again on newer places when they have changed meanwhile. Places that come back as they were are not written. */
export type Decision<T> = (places: Places) => { places: Places; result: T };

export type PlacesLedger = {
  /** @throws CodedError CLUSTER_UNAVAILABLE: then nobody knows whether it was written */
  change<T>(decide: Decision<T>): Promise<T>;
  /** What this process has seen last, for guesses. */
  lastSeen(): Places | undefined;
};

type Waiting = { decide: (places: Places) => Places; done: () => void; failed: (thrown: unknown) => void };

const maxTries = 60;
const longestPauseMs = 400;

/**
 * All of the batch decide one after the other, and what comes out is written once.
 * @param known what this process has written last: often nobody has written since, and then it need not be read
 */
const decideAll = async (
  store: PlacesStore,
  batch: readonly Waiting[],
  known: StoredPlaces | undefined,
): Promise<StoredPlaces> => {
  let guess = known;
  let mark: string | undefined;
  for (let tries = 1; tries <= maxTries; tries++) {
    const base = guess ?? (await store.read());
    // Refused only because it was sent twice and done the first time: what was decided last holds.
    if (mark !== undefined && base.mark === mark) return base;
    let places = base.places;
    for (const { decide } of batch) places = decide(places);
    if (places !== base.places || !base.isStored) {
      mark = randomUUID();
      const written = await store.write(places, base.resourceVersion, mark);
      if (written !== undefined) return written;
      if (guess === undefined) await sleep(Math.random() * Math.min(5 * tries ** 2, longestPauseMs));
    }
    // To change nothing is right only by what stands there now; a change is checked by being written.
    else if (guess === undefined) return base;
    guess = undefined;
  }
  throw unavailable(new Error(`The places changed ${maxTries} times in a row before they could be written`));
};

export const createPlacesLedger = (store: PlacesStore): PlacesLedger => {
  const waiting: Waiting[] = [];
  let known: StoredPlaces | undefined;
  let last: Places | undefined;
  let isWriting = false;

  const work = async (): Promise<void> => {
    isWriting = true;
    while (waiting.length > 0) {
      const batch = waiting.splice(0);
      try {
        known = await decideAll(store, batch, known);
        last = known.places;
        for (const { done } of batch) done();
      } catch (thrown) {
        known = undefined;
        for (const { failed } of batch) failed(thrown);
      }
    }
    isWriting = false;
  };

  return {
    change: <T>(decide: Decision<T>) =>
      new Promise<T>((resolve, reject) => {
        let result: T;
        waiting.push({
          decide: (places) => {
            const decided = decide(places);
            ({ result } = decided);
            return decided.places;
          },
          done: () => resolve(result),
          failed: reject,
        });
        if (!isWriting) void work();
      }),
    lastSeen: () => last,
  };
};
