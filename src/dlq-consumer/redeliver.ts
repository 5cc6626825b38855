// One attempt for a letter whose delay is over.
import type { CloudEvent } from '../core/cloudevent.ts';
import type { JudgeRules } from '../core/dead-letter.ts';
import { toCodedError } from '../core/errors.ts';
import type { Disposition } from '../core/letter-flow.ts';
import { attemptExtension } from '../core/letter-intake.ts';
import { trailExtension, trailOf } from '../core/letter-trail.ts';
import type { DeadLetter, DeliveryAttempt } from '../core/letter.ts';
import { outcomeOf, outcomeOfFailure, type HttpAnswer, type Outcome } from './answer.ts';
import type { Circuits, Pass } from './circuits.ts';
import { chooseDestination, type DestinationRules } from './destination.ts';
import type { DlqMetrics } from './metrics.ts';
import type { Pace } from './pace.ts';
import type { Room } from './room.ts';
import { afterFailure, afterRefusal, parkUntried, whenThereIsRoom } from './verdict.ts';

export type RedeliverDeps = {
  post: (url: URL, event: CloudEvent, timeoutMs: number, signal: AbortSignal) => Promise<HttpAnswer>;
  circuits: Circuits;
  pace: Pace;
  room: Room;
  destinations: DestinationRules;
  /** Takes what subscribers reply: tenants' code writes it, and on the builder's broker it would be obeyed. */
  replyBroker: URL;
  rules: JudgeRules;
  timeoutMs: number;
  /** Fires when the process stops: letters that are not under way stay in their queue. */
  stopping: AbortSignal;
  /** Fires later: those that are under way stay as well. */
  givingUp: AbortSignal;
  metrics: DlqMetrics;
  now: () => number;
};

type Delivered = DeadLetter & { event: CloudEvent };
type Target = { url: URL; isBroker: boolean };

/**
 * The count travels with the event. To the broker so does what was tried: if it gives the event up again, the letter goes on from there,
 * this attempt included, which the broker took then.
 */
const outgoing = (letter: Delivered, { url, isBroker }: Target, at: number): CloudEvent => {
  const { event, attempts, history = [] } = letter;
  const extensions = { ...event.extensions, [attemptExtension]: attempts };
  if (!isBroker) return { ...event, extensions };
  const trail = trailOf({ ...letter, history: [...history, { at, attempt: attempts, destination: url.href }] });
  return { ...event, extensions: { ...extensions, [trailExtension]: trail } };
};

const deliver = async (deps: RedeliverDeps, url: URL, event: CloudEvent): Promise<Outcome> => {
  try {
    return outcomeOf(await deps.post(url, event, deps.timeoutMs, deps.givingUp), deps.now());
  } catch (thrown) {
    deps.givingUp.throwIfAborted();
    return outcomeOfFailure(toCodedError(thrown));
  }
};

/** A reply is part of the delivery: without it the broker's triggers would never see what the function answered. */
const handOn = async (deps: RedeliverDeps, outcome: Outcome): Promise<Outcome> => {
  if (!outcome.delivered || outcome.reply === undefined) return outcome;
  const taken = await deliver(deps, deps.replyBroker, outcome.reply);
  if (taken.delivered) return outcome;
  return {
    delivered: false,
    category: 'broker_unavailable',
    reason: `It was handled, but the broker did not take its reply: ${taken.reason}`,
  };
};

const tell = (pass: Pass, outcome: Outcome): void => {
  if (outcome.delivered) pass.succeeded();
  // A refusal for good, or a redirect, is an answer: whoever gives it is alive.
  else if (outcome.category === 'validation' || (outcome.status !== undefined && outcome.status < 500 && outcome.status !== 429))
    pass.succeeded();
  else pass.failed(outcome.retryAfterMs);
};

const historyWith = (letter: DeadLetter, url: URL, outcome: Outcome, at: number): readonly DeliveryAttempt[] => {
  const entry: DeliveryAttempt = {
    at,
    attempt: letter.attempts,
    destination: url.href,
    ...(outcome.status === undefined ? {} : { status: outcome.status }),
    ...(outcome.delivered ? {} : { error: outcome.reason }),
  };
  return [...(letter.history ?? []), entry];
};

const settle = (deps: RedeliverDeps, letter: DeadLetter, { url, isBroker }: Target, outcome: Outcome): Disposition => {
  const now = deps.now();
  const history = historyWith(letter, url, outcome, now);
  if (outcome.delivered) return { to: 'done', letter: { ...letter, history }, byBroker: isBroker };
  const { category, reason } = outcome;
  const failed: DeadLetter = {
    ...letter,
    history,
    reason,
    lastFailedAt: now,
    ...(letter.event === undefined ? {} : { category }),
  };
  return afterFailure(failed, deps.rules, now, outcome.retryAfterMs);
};

/** @throws when the process stops meanwhile */
const attempt = async (deps: RedeliverDeps, letter: Delivered, target: Target, pass: Pass): Promise<Disposition> => {
  let outcome: Outcome | undefined;
  const begin = performance.now();
  try {
    outcome = await deliver(deps, target.url, outgoing(letter, target, deps.now()));
  } finally {
    if (outcome === undefined) pass.unused();
    else tell(pass, outcome);
  }
  const whole = await handOn(deps, outcome);
  deps.metrics.redelivered(whole.delivered ? 'delivered' : whole.category, (performance.now() - begin) / 1000);
  return settle(deps, letter, target, whole);
};

const hasEvent = (letter: DeadLetter): letter is Delivered => letter.event !== undefined;

/** Its turn, with the destination and with the rate of all; or what is done with it instead. */
const admit = async (deps: RedeliverDeps, letter: DeadLetter, url: URL): Promise<Pass | Disposition> => {
  const admission = await deps.circuits.enter(url.origin);
  if ('refusedMs' in admission) {
    if (deps.stopping.aborted) return { to: 'stay', letter };
    deps.metrics.deferred();
    return afterRefusal(letter, deps.rules, deps.now(), admission.refusedMs);
  }
  try {
    await deps.pace(deps.stopping);
    return admission.pass;
  } catch {
    // Stopped before anything was sent: that says nothing about the destination.
    admission.pass.unused();
    return { to: 'stay', letter };
  }
};

/** One that is on its way for as long as a subscriber takes. */
const send = async (deps: RedeliverDeps, letter: Delivered, destination: Target): Promise<Disposition> => {
  const admitted = await admit(deps, letter, destination.url);
  if ('to' in admitted) return admitted;
  try {
    return await attempt(deps, letter, destination, admitted);
  } catch (thrown) {
    if (deps.givingUp.aborted) return { to: 'stay', letter };
    throw thrown;
  }
};

export const createRedeliver =
  (deps: RedeliverDeps) =>
  async (letter: DeadLetter, bytes = 0): Promise<Disposition> => {
    const destination = chooseDestination(letter.destination, deps.destinations);
    // Nobody put it there but a redrive, or an older configuration.
    if (!hasEvent(letter)) return { to: 'park', letter };
    if ('refused' in destination) return parkUntried(letter, destination.refused);
    const leave = deps.room.enter(bytes);
    if (leave === undefined) {
      deps.metrics.deferred();
      return whenThereIsRoom(letter, deps.rules, deps.now());
    }
    try {
      return await send(deps, letter, destination);
    } finally {
      leave();
    }
  };
