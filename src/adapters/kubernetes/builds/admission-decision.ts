// One decision about the places, written down: who has ended leaves, who is new enters, and whose turn it is gets a running place.
import { admitNow, enter, leave, lookIfDue, placeOf, type AdmissionLimits, type Place, type Places } from './places.ts';
import type { PlacesLedger } from './places-ledger.ts';

export type Decided = {
  /** As they stand now. */
  places: Places;
  /** They have a running place since now, or the one who enters had it before: their jobs are to be let go. */
  turns: readonly Place[];
  /** All running places are taken and others wait: it falls to whoever decided this to look whether those builds still run. */
  isToLook: boolean;
  /** There is no place for the one who enters. */
  isFull: boolean;
  /** After so many ms there is a start for the next. */
  waitMs?: number;
};

export const decide = (
  ledger: PlacesLedger,
  limits: AdmissionLimits,
  now: () => number,
  ended: ReadonlySet<string>,
  entering: Place | undefined,
): Promise<Decided> =>
  ledger.change<Decided>((before) => {
    const left = leave(before, ({ uid }) => ended.has(uid));
    const entered = entering === undefined ? left : enter(left, entering, limits);
    const { places: next, admitted, waitMs } = admitNow(entered ?? left, limits, now());
    const places = lookIfDue(next, limits, now());
    const had = entering !== undefined && placeOf(before, entering.uid) === 'admitted' ? [entering] : [];
    const result = { places, turns: [...admitted, ...had], isToLook: places !== next, isFull: entered === undefined };
    return { places, result: { ...result, ...(waitMs === undefined ? {} : { waitMs }) } };
  });
