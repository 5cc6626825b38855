// What becomes of a letter that has just arrived: retried later, or parked at once.
import type { JudgeRules } from '../core/dead-letter.ts';
import type { Disposition } from '../core/letter-flow.ts';
import type { DeadLetter } from '../core/letter.ts';
import { chooseDestination, type DestinationRules } from './destination.ts';
import { afterFailure, parkUntried } from './verdict.ts';

/** A larger event is refused by every door of ours; a delivery would only fail. */
export const maxEventBytes = 10 * 2 ** 20;

/** Of its data; of JSON inside of an envelope nobody knows it without writing it down once more, and the message is about that long. */
const sizeOf = ({ event }: DeadLetter, messageBytes: number): number =>
  event?.data !== undefined && 'bytes' in event.data ? event.data.bytes.length : messageBytes;

export const createJudgeLetter =
  (deps: { rules: JudgeRules; destinations: DestinationRules; now: () => number }) =>
  (letter: DeadLetter, bytes = 0): Disposition => {
    if (letter.event === undefined) return { to: 'park', letter };
    if (sizeOf(letter, bytes) > maxEventBytes) {
      return {
        to: 'park',
        letter: {
          ...letter,
          category: 'validation',
          reason: `Its data is larger than ${maxEventBytes} bytes; before: ${letter.reason}`,
        },
      };
    }
    const verdict = afterFailure(letter, deps.rules, deps.now());
    if (verdict.to !== 'delay') return verdict;
    const destination = chooseDestination(letter.destination, deps.destinations);
    return 'refused' in destination ? parkUntried(verdict.letter, destination.refused) : verdict;
  };
