// Who waits and who runs, as all replicas see it. Pure: a decision is a function from the places to the places, so that it can be
// taken again when another replica was quicker.
import { admit } from '../../../core/admission.ts';

export type Place = { buildId: string; uid: string; tenant: string; priority: number; createdAt: number };

export type Places = {
  readonly admitted: readonly Place[];
  readonly queued: readonly Place[];
  /** The bucket of job starts: what was in it at a time in ms since the epoch. */
  readonly starts: { readonly tokens: number; readonly at: number };
  /** When somebody last asked the jobs that have a running place whether they still run, ms since the epoch. */
  readonly lookedAt: number;
};

export type AdmissionLimits = { maxRunning: number; maxQueued: number; startsPerMinute: number; startsBurst: number };

export const noPlaces = ({ startsBurst }: AdmissionLimits, now: number): Places => ({
  admitted: [],
  queued: [],
  starts: { tokens: startsBurst, at: now },
  lookedAt: 0,
});

export const placeOf = (places: Places, uid: string): 'admitted' | 'queued' | undefined => {
  if (places.admitted.some((place) => place.uid === uid)) return 'admitted';
  return places.queued.some((place) => place.uid === uid) ? 'queued' : undefined;
};

/** Also whoever has a place keeps it. `undefined`: the queue is full. */
export const enter = (places: Places, place: Place, { maxQueued }: Pick<AdmissionLimits, 'maxQueued'>): Places | undefined => {
  if (placeOf(places, place.uid) !== undefined) return places;
  // An earlier attempt of the same build has ended: there is one job of a name.
  const before = leave(places, ({ buildId }) => buildId === place.buildId);
  return before.queued.length >= maxQueued ? undefined : { ...before, queued: [...before.queued, place] };
};

export const leave = (places: Places, leaves: (place: Place) => boolean): Places => {
  if (![...places.admitted, ...places.queued].some(leaves)) return places;
  const stays = (place: Place): boolean => !leaves(place);
  return { ...places, admitted: places.admitted.filter(stays), queued: places.queued.filter(stays) };
};

/** When no end is told of and builds wait, it is looked for; not by all replicas, and not all the time. */
const lookEveryMs = 5_000;

/** Marks that whoever decides now will look, when it is time to. */
export const lookIfDue = (places: Places, { maxRunning }: Pick<AdmissionLimits, 'maxRunning'>, now: number): Places => {
  const isCrowded = places.queued.length > 0 && places.admitted.length >= maxRunning;
  return isCrowded && Math.abs(now - places.lookedAt) >= lookEveryMs ? { ...places, lookedAt: now } : places;
};

/** They run, whoever let them go. */
export const promote = (places: Places, running: readonly Place[]): Places => {
  const uids = new Set(running.map(({ uid }) => uid));
  const moved = places.queued.filter(({ uid }) => uids.has(uid));
  if (moved.length === 0) return places;
  return { ...places, admitted: [...places.admitted, ...moved], queued: places.queued.filter(({ uid }) => !uids.has(uid)) };
};

/** What is in the bucket now. A clock that stands behind that of whoever wrote last adds nothing and does not turn time back. */
const refilled = ({ starts }: Places, { startsPerMinute, startsBurst }: AdmissionLimits, now: number): Places['starts'] => {
  const fullAfterMs = (startsBurst / startsPerMinute) * 60_000;
  // So far ahead that a full bucket would not explain it: that clock was wrong, and nobody should have to wait until it is right.
  if (starts.at - now > fullAfterMs) return { tokens: Math.min(startsBurst, starts.tokens), at: now };
  const minutes = Math.max(0, now - starts.at) / 60_000;
  return { tokens: Math.min(startsBurst, starts.tokens + minutes * startsPerMinute), at: Math.max(now, starts.at) };
};

export type Admission = {
  places: Places;
  admitted: readonly Place[];
  /** After so many milliseconds the bucket has a start for the next that could run; absent when it is not the bucket that holds it up. */
  waitMs?: number;
};

/** Lets go whoever may run now (core/admission.ts says who). */
export const admitNow = (places: Places, limits: AdmissionLimits, now: number): Admission => {
  const { tokens, at } = refilled(places, limits, now);
  const admitted = admit(places.queued, places.admitted, limits.maxRunning, Math.floor(tokens)) as Place[];
  const isHeldUp = places.queued.length > admitted.length && places.admitted.length + admitted.length < limits.maxRunning;
  const left = tokens - admitted.length;
  const wait = isHeldUp ? { waitMs: Math.ceil(((1 - left) / limits.startsPerMinute) * 60_000) + (at - now) } : {};
  if (admitted.length === 0) return { places, admitted, ...wait };
  const gone = new Set(admitted.map(({ uid }) => uid));
  return {
    places: {
      ...places,
      admitted: [...places.admitted, ...admitted],
      queued: places.queued.filter(({ uid }) => !gone.has(uid)),
      starts: { tokens: left, at },
    },
    admitted,
    ...wait,
  };
};
