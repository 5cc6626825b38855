// A broker in this process with a Knative broker's rules: every matching trigger is owed a delivery, tried 1 + 5 times with exponential
// backoff from 1 s, then it is a dead letter. What is owed lies in a folder until it is done, so a killed process owes it still.
import type { CloudEvent } from '../../../core/cloudevent.ts';
import { CodedError } from '../../../core/errors.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { EventSink } from '../../../ports.ts';
import { createDeliveries, deliveryOf, type Deliveries, type Delivered, type Delivery } from './delivery.ts';
import { createTurns, type Turns } from './turns.ts';

export type { Delivered, Delivery } from './delivery.ts';

export type BrokerDeps = {
  /** Names of the triggers whose filter the event passes. */
  triggersFor(event: CloudEvent): Promise<string[]>;
  /** One try. Throwing is like no answer. */
  deliver(trigger: string, event: CloudEvent, signal: AbortSignal): Promise<Delivered>;
  /** There is a finished record from before: the event is not delivered again. */
  isDone(delivery: Delivery): Promise<boolean>;
  /** Durably notes how it ended, before the delivery is forgotten. After a crash in between it notes the same again. */
  done(delivery: Delivery, answer: Delivered): Promise<void>;
  dead(delivery: Delivery, answer: Delivered): Promise<void>;
  logger: Logger;
  now(): number;
};

export type BrokerOptions = { folder: string; retries: number; backoffMs: number; parallelism: number };

export type LocalBroker = EventSink & {
  /** Begins to deliver: what was published since it was made, and what is owed from before. */
  start(): Promise<void>;
  /** The trigger is gone: what it is owed becomes dead letters. */
  removeTrigger(trigger: string, why: string): Promise<void>;
  /** Begins no delivery more and waits for those in hand, at most so long; what is left is owed after the next start. */
  close(graceMs: number): Promise<void>;
};

type Broker = {
  deps: BrokerDeps;
  options: BrokerOptions;
  deliveries: Deliveries;
  turns: Turns;
  timers: Map<string, NodeJS.Timeout>;
  closing: AbortController;
  started: boolean;
};

const succeeded = ({ status }: Delivered): boolean => status !== undefined && status >= 200 && status < 300;
/** A timer of more than 24 days fires at once, and doubling gets there. */
const maxPauseMs = 3_600_000;

/** Knative eventing, delivery: these are retried, any other 4xx is not. */
const retried = ({ status }: Delivered): boolean =>
  status === undefined || status >= 500 || [404, 408, 409, 429].includes(status);

const attempt = async ({ deps, closing }: Broker, { trigger, event }: Delivery): Promise<Delivered> => {
  try {
    return await deps.deliver(trigger, event, closing.signal);
  } catch (thrown) {
    if (!(thrown instanceof CodedError)) {
      deps.logger.warn({ err: thrown, trigger }, 'a subscriber could not be reached');
      return { message: 'The subscriber could not be reached' };
    }
    return { status: thrown.status, message: thrown.message, retryAfterMs: (thrown.details.retryAfterSeconds ?? 0) * 1000 };
  }
};

/** Notes how it ended. An equal event that came meanwhile is delivered after that, when `isDone` knows of it. */
const end = async (broker: Broker, delivery: Delivery, note: () => Promise<void>): Promise<void> => {
  if ((await broker.deliveries.end(delivery, note)) === 'owed') schedule(broker, delivery.id, 0, delivery.trigger);
};

const settle = async (broker: Broker, delivery: Delivery, answer: Delivered): Promise<void> => {
  const { deps, options, deliveries } = broker;
  if (succeeded(answer)) return end(broker, delivery, () => deps.done(delivery, answer));
  const attempts = delivery.attempts + 1;
  const failed: Delivery = { ...delivery, attempts, firstFailedAt: delivery.firstFailedAt ?? deps.now(), last: answer };
  if (!retried(answer) || attempts > options.retries) return end(broker, delivery, () => deps.dead(failed, answer));
  if ((await deliveries.update(delivery, failed)) === 'ended') return;
  const pauseMs = Math.max(answer.retryAfterMs ?? 0, options.backoffMs * 2 ** (attempts - 1));
  schedule(broker, failed.id, Math.min(pauseMs, maxPauseMs), failed.trigger);
};

const run = async (broker: Broker, id: string): Promise<void> => {
  const { deps, deliveries, closing, options } = broker;
  const delivery = deliveries.get(id);
  const stopping = (): boolean => closing.signal.aborted;
  if (delivery === undefined || stopping()) return;
  try {
    if (await deps.isDone(delivery)) {
      await deliveries.forget(delivery);
      return;
    }
    const answer = await attempt(broker, delivery);
    // A try that the end of this process cut off has not failed: it is owed still.
    if (!stopping() || succeeded(answer)) await settle(broker, delivery, answer);
  } catch (error) {
    deps.logger.error({ err: error, trigger: delivery.trigger }, 'how a delivery ended could not be noted; it is tried again');
    schedule(broker, id, options.backoffMs, delivery.trigger);
  }
};

const schedule = (broker: Broker, id: string, delayMs: number, trigger: string): void => {
  // Before the start nobody may be there to take it; `start` schedules all that is owed.
  if (broker.closing.signal.aborted || !broker.started) return;
  const begin = (): void => {
    broker.timers.delete(id);
    broker.turns.add(trigger, () => run(broker, id));
  };
  clearTimeout(broker.timers.get(id));
  if (delayMs === 0) begin();
  else broker.timers.set(id, setTimeout(begin, delayMs));
};

const publish = async (broker: Broker, event: CloudEvent): Promise<'owed' | 'done'> => {
  const { deps, deliveries, closing } = broker;
  if (closing.signal.aborted) throw new CodedError('STOPPING', 'The broker is stopping', { retryAfterSeconds: 1 });
  let answer: 'owed' | 'done' = 'done';
  for (const trigger of await deps.triggersFor(event)) {
    const delivery = deliveryOf(trigger, event);
    if (await deps.isDone(delivery)) continue;
    answer = 'owed';
    if ((await deliveries.owe(delivery)) === 'new') schedule(broker, delivery.id, 0, trigger);
  }
  return answer;
};

const removeTrigger = async (broker: Broker, trigger: string, why: string): Promise<void> => {
  const { deps, deliveries, timers } = broker;
  for (const delivery of deliveries.all().filter((candidate) => candidate.trigger === trigger)) {
    clearTimeout(timers.get(delivery.id));
    const failed: Delivery = { ...delivery, firstFailedAt: delivery.firstFailedAt ?? deps.now() };
    try {
      await end(broker, delivery, () => deps.dead(failed, { message: why }));
    } catch (thrown) {
      // Owed still, and nobody else would try it before the next start.
      schedule(broker, delivery.id, broker.options.backoffMs, trigger);
      throw thrown;
    }
  }
};

const close = async ({ timers, turns, closing }: Broker, graceMs: number): Promise<void> => {
  for (const timer of timers.values()) clearTimeout(timer);
  const patience = setTimeout(() => closing.abort(), graceMs);
  turns.stop();
  await turns.idle();
  clearTimeout(patience);
  closing.abort();
};

export const createLocalBroker = (deps: BrokerDeps, options: BrokerOptions): LocalBroker => {
  const deliveries = createDeliveries(options.folder);
  const broker: Broker = {
    deps,
    options,
    deliveries,
    turns: createTurns(options.parallelism),
    timers: new Map(),
    closing: new AbortController(),
    started: false,
  };
  return {
    publish: (event) => publish(broker, event),
    start: async () => {
      await deliveries.load();
      broker.started = true;
      for (const { id, trigger } of deliveries.all()) schedule(broker, id, 0, trigger);
    },
    removeTrigger: (trigger, why) => removeTrigger(broker, trigger, why),
    close: (graceMs) => close(broker, graceMs),
  };
};
