// One decision about the places, written down: who has ended leaves, who is new enters, and whose turn it is gets a running place.
import { admitNow, enter, leave, placeOf, type AdmissionLimits, type Place, type Places } from './places.ts';
import type { PlacesLedger } from './places-ledger.ts';

export type Decided = {
  /** As they stand now. */
  places: Places;
  /** They have a running place since now, or the one who enters had it before: their jobs are to be let go. */
  turns: readonly Place[];
  /** There is no place for the one who enters. */
  isFull: boolean;
  /** After so many ms there is a start for the next. */
  waitMs?: number;
};

export const decide = async (
  ledger: PlacesLedger,
  limits: AdmissionLimits,
  now: () => number,
  ended: ReadonlySet<string>,
  entering: Place | undefined,
): Promise<Decided> => {
  // What was decided in a try that was not written may stand there all the same, when only the answer was lost.
  const candidates = new Map<string, Place>();
  if (entering !== undefined) candidates.set(entering.uid, entering);
  const decided = await ledger.change<Omit<Decided, 'turns'>>((before) => {
    const left = leave(before, ({ uid }) => ended.has(uid));
    const entered = entering === undefined ? left : enter(left, entering, limits);
    const { places, admitted, waitMs } = admitNow(entered ?? left, limits, now());
    for (const place of admitted) candidates.set(place.uid, place);
    return { places, result: { places, isFull: entered === undefined, ...(waitMs === undefined ? {} : { waitMs }) } };
  });
  return { ...decided, turns: [...candidates.values()].filter(({ uid }) => placeOf(decided.places, uid) === 'admitted') };
};
