// A broker in this process with a Knative broker's rules: every matching trigger owes a delivery, tried 1 + 5 times with exponential
// backoff from 1 s, then a dead letter. What is owed lies in a folder until it is done, so a killed process owes it still.
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloudEvent } from '../../core/cloudevent.ts';
import { CodedError } from '../../core/errors.ts';
import { fromJsonFormat, toJsonFormat } from '../../core/json-format.ts';
import type { Logger } from '../../ops/logger.ts';
import type { EventSink } from '../../ports.ts';
import { readAllJson, writeJson } from './durable-file.ts';
import { createTurns } from './turns.ts';

/** What a subscriber answered. `status` undefined: there was no answer. */
export type Delivered = { status?: number; message?: string; retryAfterMs?: number; reply?: CloudEvent };

export type Delivery = {
  id: string;
  trigger: string;
  event: CloudEvent;
  attempts: number;
  firstFailedAt?: number;
  last?: Delivered;
};

export type BrokerDeps = {
  /** Names of the triggers whose filter the event passes. */
  triggersFor(event: CloudEvent): Promise<string[]>;
  /** One try. Throwing is like no answer. */
  deliver(trigger: string, event: CloudEvent, signal: AbortSignal): Promise<Delivered>;
  /** A finished record from before: the event is not delivered again. */
  isDone(delivery: Delivery): Promise<boolean>;
  /** Durably notes how it ended, before the delivery is forgotten. A retry of this line notes the same again. */
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

type Stored = Omit<Delivery, 'event' | 'last'> & { event: Record<string, unknown>; last?: Omit<Delivered, 'reply'> };

const succeeded = ({ status }: Delivered): boolean => status !== undefined && status >= 200 && status < 300;
/** Knative eventing, delivery: these are retried, any other 4xx is not. */
const retried = ({ status }: Delivered): boolean =>
  status === undefined || status >= 500 || [404, 408, 409, 429].includes(status);

const deliveryId = (trigger: string, event: CloudEvent): string =>
  createHash('sha256').update(`${trigger}\0${event.source}\0${event.id}`).digest('hex').slice(0, 32);

export const createLocalBroker = (deps: BrokerDeps, options: BrokerOptions): LocalBroker => {
  const owed = new Map<string, Delivery>();
  const beingStored = new Map<string, Promise<void>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const closing = new AbortController();
  const turns = createTurns(options.parallelism);
  let started = false;
  const pathOf = (id: string): string => join(options.folder, `${id}.json`);

  const store = ({ last, event, ...delivery }: Delivery): Promise<void> => {
    const { reply: _reply, ...answer } = last ?? {};
    return writeJson(pathOf(delivery.id), {
      ...delivery,
      event: toJsonFormat(event),
      ...(last === undefined ? {} : { last: answer }),
    } satisfies Stored);
  };

  const forget = async ({ id }: Delivery): Promise<void> => {
    await rm(pathOf(id), { force: true });
    owed.delete(id);
  };

  const attempt = async (delivery: Delivery): Promise<Delivered> => {
    try {
      return await deps.deliver(delivery.trigger, delivery.event, closing.signal);
    } catch (thrown) {
      if (!(thrown instanceof CodedError)) deps.logger.error({ err: thrown, trigger: delivery.trigger }, 'a delivery broke');
      if (thrown instanceof CodedError && thrown.code !== 'FUNCTION_NOT_FOUND') {
        return { status: thrown.status, message: thrown.message, retryAfterMs: (thrown.details.retryAfterSeconds ?? 0) * 1000 };
      }
      return { message: thrown instanceof CodedError ? thrown.message : 'The subscriber could not be reached' };
    }
  };

  const settle = async (delivery: Delivery, answer: Delivered): Promise<void> => {
    if (succeeded(answer)) {
      await deps.done(delivery, answer);
      return forget(delivery);
    }
    const failed: Delivery = {
      ...delivery,
      attempts: delivery.attempts + 1,
      firstFailedAt: delivery.firstFailedAt ?? deps.now(),
      last: answer,
    };
    if (!retried(answer) || failed.attempts > options.retries) {
      await deps.dead(failed, answer);
      return forget(failed);
    }
    owed.set(failed.id, failed);
    await store(failed);
    schedule(failed, Math.max(answer.retryAfterMs ?? 0, options.backoffMs * 2 ** (failed.attempts - 1)));
  };

  const run = async (id: string): Promise<void> => {
    const delivery = owed.get(id);
    if (delivery === undefined || closing.signal.aborted) return;
    try {
      const answer = (await deps.isDone(delivery)) ? undefined : await attempt(delivery);
      if (answer === undefined) return await forget(delivery);
      // A delivery that the end of this process cut off has not failed: it is owed still.
      if (closing.signal.aborted && !succeeded(answer)) return;
      await settle(delivery, answer);
    } catch (error) {
      deps.logger.error({ err: error, trigger: delivery.trigger }, 'how a delivery ended could not be noted; it is tried again');
      schedule(delivery, options.backoffMs);
    }
  };

  const schedule = (delivery: Delivery, delayMs: number): void => {
    // Before the start nobody may be there to take it; `start` schedules all that is owed.
    if (closing.signal.aborted || !started) return;
    clearTimeout(timers.get(delivery.id));
    const begin = (): void => {
      timers.delete(delivery.id);
      turns.add(delivery.trigger, () => run(delivery.id));
    };
    if (delayMs === 0) begin();
    else timers.set(delivery.id, setTimeout(begin, delayMs));
  };

  /** Resolves once it is owed; the same event, sent again meanwhile, waits for the same write and is one delivery. */
  const owe = async (delivery: Delivery): Promise<void> => {
    if (owed.has(delivery.id) || (await deps.isDone(delivery))) return;
    const writing = beingStored.get(delivery.id) ?? store(delivery);
    if (beingStored.has(delivery.id)) return writing;
    beingStored.set(delivery.id, writing);
    try {
      await writing;
      owed.set(delivery.id, delivery);
      schedule(delivery, 0);
    } finally {
      beingStored.delete(delivery.id);
    }
  };

  const publish = async (event: CloudEvent): Promise<void> => {
    if (closing.signal.aborted) throw new CodedError('STOPPING', 'The broker is stopping', { retryAfterSeconds: 1 });
    for (const trigger of await deps.triggersFor(event)) {
      await owe({ id: deliveryId(trigger, event), trigger, event, attempts: 0 });
    }
  };

  return {
    publish,
    start: async () => {
      for (const { event, ...rest } of await readAllJson<Stored>(options.folder)) {
        if (!owed.has(rest.id)) owed.set(rest.id, { ...rest, event: fromJsonFormat(event) });
      }
      started = true;
      for (const delivery of owed.values()) schedule(delivery, 0);
    },
    removeTrigger: async (trigger, why) => {
      for (const delivery of [...owed.values()].filter((candidate) => candidate.trigger === trigger)) {
        clearTimeout(timers.get(delivery.id));
        await deps.dead({ ...delivery, firstFailedAt: delivery.firstFailedAt ?? deps.now() }, { message: why });
        await forget(delivery);
      }
    },
    close: async (graceMs) => {
      for (const timer of timers.values()) clearTimeout(timer);
      const patience = setTimeout(() => closing.abort(), graceMs);
      turns.stop();
      await turns.idle();
      clearTimeout(patience);
      closing.abort();
    },
  };
};
