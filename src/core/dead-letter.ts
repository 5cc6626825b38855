// What becomes of an event that could not be handled: judged from the letter alone, so that every replica judges alike.
import { createHash } from 'node:crypto';

const permanent = [
  'validation',
  'unknown_event_type',
  'identity_mismatch',
  'source_not_found',
  'source_access_denied',
  'source_invalid',
  'build_failed',
  'image_refused',
  'function_error_permanent',
  'unreadable',
] as const;

const transient = [
  'source_unavailable',
  'cluster_unavailable',
  'broker_unavailable',
  'queue_full',
  'subscriber_unavailable',
  'function_timeout',
  'build_timeout',
  'registry_unavailable',
  'rate_limited',
  'unknown',
] as const;

export type Category = (typeof permanent)[number] | (typeof transient)[number];

export const categories: readonly Category[] = [...permanent, ...transient];

export const isPermanent = (category: Category): boolean => (permanent as readonly Category[]).includes(category);

/** The category with that name, or `unknown`: a letter from another version is retried, not thrown away. */
export const categoryNamed = (name: string | undefined): Category =>
  categories.find((category) => category === name) ?? 'unknown';

/** The category of a delivery that ended with this HTTP status; `undefined` when there was no answer at all. */
export const categoryOfStatus = (status: number | undefined): Category => {
  if (status === undefined) return 'subscriber_unavailable';
  if (status === 408 || status === 504) return 'function_timeout';
  if (status === 429) return 'rate_limited';
  if (status === 404 || status === 409 || status >= 500) return 'subscriber_unavailable';
  return status >= 400 ? 'validation' : 'unknown';
};

export type Judgement =
  | { verdict: 'retry'; attempt: number; delayMs: number }
  | { verdict: 'park'; reason: 'permanent' | 'attempts_exhausted' | 'too_old' };

export type JudgeRules = {
  /** Delay before attempt 1, 2, … in milliseconds; its length is the number of attempts. */
  delaysMs: readonly number[];
  /** A letter older than this is parked, whatever attempts are left. Milliseconds. */
  maxAgeMs: number;
  /** 0.2 spreads a delay over ±20 %, so that letters which failed together do not come back together. */
  jitter: number;
};

export const defaultRules: JudgeRules = {
  delaysMs: [10_000, 30_000, 120_000, 600_000, 1_800_000],
  maxAgeMs: 604_800_000,
  jitter: 0.2,
};

/**
 * Retry later, or park for an operator.
 * @param letter.attempt how many redeliveries were tried, counted by our own header (never by `x-death`, which brokers reset)
 */
export const judge = (
  letter: { id: string; category: Category; attempt: number; firstFailedAt: number },
  now: number,
  rules: JudgeRules = defaultRules,
): Judgement => {
  if (isPermanent(letter.category)) return { verdict: 'park', reason: 'permanent' };
  if (now - letter.firstFailedAt > rules.maxAgeMs) return { verdict: 'park', reason: 'too_old' };
  const attempt = Math.max(0, Math.trunc(letter.attempt));
  const base = rules.delaysMs[attempt];
  if (base === undefined) return { verdict: 'park', reason: 'attempts_exhausted' };
  return { verdict: 'retry', attempt: attempt + 1, delayMs: Math.round(base * (1 + rules.jitter * spread(letter.id, attempt))) };
};

/** A number in [-1, 1) that is the same for the same letter and attempt: a second judgement is the same judgement. */
const spread = (id: string, attempt: number): number =>
  createHash('sha256').update(`${id}\0${attempt}`).digest().readUInt32BE(0) / 2 ** 31 - 1;
