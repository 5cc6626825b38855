// A letter whose destination is known to be down: it waits without a try, and without spending an attempt, but not for ever.
import type { JudgeRules } from './dead-letter.ts';

export type Deferral = { verdict: 'wait'; delayMs: number } | { verdict: 'park'; reason: 'circuit_open' | 'too_old' };

/** With the default delays, about eight hours. */
const maxDeferrals = 20;

/**
 * @param letter.deferrals how often it has waited so already: each wait is as long as the delay of that number, then as the longest
 * @param downMs how long the destination will not be tried
 */
export const defer = (
  letter: { deferrals: number; firstFailedAt: number },
  downMs: number,
  now: number,
  rules: JudgeRules,
): Deferral => {
  if (now - letter.firstFailedAt > rules.maxAgeMs) return { verdict: 'park', reason: 'too_old' };
  if (letter.deferrals >= maxDeferrals) return { verdict: 'park', reason: 'circuit_open' };
  const step = rules.delaysMs[Math.min(letter.deferrals, rules.delaysMs.length - 1)] ?? 0;
  const longest = Math.max(...rules.delaysMs, 0);
  return { verdict: 'wait', delayMs: Math.max(step, Math.min(downMs, longest)) };
};
