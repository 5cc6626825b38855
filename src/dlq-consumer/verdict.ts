// From a judgement to what is done with the letter, with the reason that an operator will read.
import { judge, type JudgeRules } from '../core/dead-letter.ts';
import { defer } from '../core/deferral.ts';
import type { Disposition } from '../core/letter-flow.ts';
import type { DeadLetter } from '../core/letter.ts';

const parkedBecause = {
  permanent: 'It can never succeed',
  attempts_exhausted: 'All attempts are used up',
  too_old: 'It is too old',
  circuit_open: 'Its destination has been down for too long',
} as const;

/** `last` says what happened; the words before it, why it is parked now. A letter that is judged again keeps one of each. */
const because = (letter: DeadLetter, why: keyof typeof parkedBecause): string => {
  const last = Object.values(parkedBecause).reduce(
    (reason, words) => (reason.startsWith(`${words}: `) ? reason.slice(words.length + 2) : reason),
    letter.reason,
  );
  return `${parkedBecause[why]}: ${last}`;
};

const park = (letter: DeadLetter, why: keyof typeof parkedBecause): Disposition => ({
  to: 'park',
  letter: { ...letter, reason: because(letter, why) },
});

/** @param atLeastMs what the destination itself asked for; more than the longest delay is not granted */
export const afterFailure = (letter: DeadLetter, rules: JudgeRules, now: number, atLeastMs = 0): Disposition => {
  const judgement = judge({ ...letter, attempt: letter.attempts }, now, rules);
  if (judgement.verdict === 'park') return park(letter, judgement.reason);
  const longest = Math.max(...rules.delaysMs);
  const delayMs = Math.max(judgement.delayMs, Math.min(atLeastMs, longest));
  return { to: 'delay', delayMs, letter: { ...letter, attempts: judgement.attempt } };
};

/** The attempt that was due did not happen. */
const untried = (letter: DeadLetter): DeadLetter => ({ ...letter, attempts: Math.max(0, letter.attempts - 1) });

/** Nothing may be sent to where it should go: only an operator can say what is right. */
export const parkUntried = (letter: DeadLetter, why: string): Disposition => ({
  to: 'park',
  letter: {
    ...untried(letter),
    reason: letter.reason.startsWith(why) ? letter.reason : `${why}; before: ${letter.reason}`.slice(0, 512),
  },
});

/** Too many large letters are under way; it waits in a queue, not in memory. The attempt that was due still is. */
export const whenThereIsRoom = (letter: DeadLetter, rules: JudgeRules, now: number): Disposition =>
  now - letter.firstFailedAt > rules.maxAgeMs
    ? park(untried(letter), 'too_old')
    : { to: 'delay', delayMs: Math.min(...rules.delaysMs), letter };

/** Its destination is not tried now. The attempt that was due still is. */
export const afterRefusal = (letter: DeadLetter, rules: JudgeRules, now: number, downMs: number): Disposition => {
  const deferrals = letter.deferrals ?? 0;
  const deferral = defer({ deferrals, firstFailedAt: letter.firstFailedAt }, downMs, now, rules);
  if (deferral.verdict === 'park') return park(untried(letter), deferral.reason);
  return { to: 'delay', delayMs: deferral.delayMs, letter: { ...letter, deferrals: deferrals + 1 } };
};
