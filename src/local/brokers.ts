// The two brokers of contract section 6 in one process: the builder's, whose triggers lead to the door, and the functions' own.
import { join } from 'node:path';
import type { CloudEvent } from '../core/cloudevent.ts';
import { categoryNamed, categoryOfStatus, type Category } from '../core/dead-letter.ts';
import { jsonOf } from '../core/event-data.ts';
import { typePrefix } from '../core/event-type.ts';
import { wireTypes } from '../core/events.ts';
import { serviceName, tenantOfSource, type FunctionRef } from '../core/function.ts';
import { readRequest } from '../core/http-binding.ts';
import { fromJsonFormat, toReadableJson } from '../core/json-format.ts';
import { letterIdOf } from '../core/letter.ts';
import { createLocalBroker, type Delivered, type Delivery, type LocalBroker } from '../adapters/local/broker/broker.ts';
import type { Results } from '../adapters/local/broker/results.ts';
import type { Logger } from '../ops/logger.ts';
import type { DeadLetterQueue, FunctionPlatform, Reply } from '../ports.ts';

export type BrokerSettings = { folder: string; retries: number; backoffMs: number; parallelism: number };

type Shared = { deadLetters: () => DeadLetterQueue; logger: Logger; now: () => number };

const rejected = `${typePrefix}event.rejected`;
const failed = `${typePrefix}parser.failed`;
const started = `${typePrefix}parser.start`;

const putLetter = (
  deps: Shared,
  delivery: Delivery,
  destination: string,
  category: Category,
  reason: string,
  event = delivery.event,
): Promise<void> =>
  deps.deadLetters().put({
    id: letterIdOf(event, destination),
    event,
    category,
    reason,
    destination,
    attempts: delivery.attempts,
    firstFailedAt: delivery.firstFailedAt ?? deps.now(),
    lastFailedAt: deps.now(),
  });

const reasonOf = ({ status, message }: Delivered): string =>
  message ?? (status === undefined ? 'The subscriber did not answer' : `The subscriber answered ${status}`);

/** An answer that carries an event is a reply (Knative eventing, data plane: event reply contract). */
const deliveredFrom = (reply: Reply): Delivered => {
  const after = Number(reply.headers['retry-after']);
  const rawHeaders = Object.entries(reply.headers).flat();
  const carriesEvent =
    reply.status < 300 &&
    reply.body.length + rawHeaders.length > 0 &&
    (reply.headers['ce-specversion'] !== undefined ||
      reply.headers['content-type']?.startsWith('application/cloudevents') === true);
  const received = carriesEvent ? readRequest(rawHeaders, reply.headers['content-type'], reply.body) : undefined;
  return {
    status: reply.status,
    ...(Number.isFinite(after) && after > 0 ? { retryAfterMs: after * 1000 } : {}),
    ...(reply.status >= 300
      ? { message: `The subscriber answered ${reply.status}: ${reply.body.subarray(0, 500).toString('utf8')}` }
      : {}),
    ...(received !== undefined && 'event' in received ? { reply: received.event } : {}),
  };
};

/** The door, by its own address: an event from the broker comes in as any other. */
export type Door = (event: CloudEvent, signal: AbortSignal) => Promise<Reply>;

const buildTriggers = ({ type }: CloudEvent): string[] =>
  type === rejected ? ['dead-letters'] : wireTypes.has(type) ? ['builder'] : [];

/** What an `event.rejected` is about. One that can't be read is a letter itself. */
const originalOf = (event: CloudEvent): { event: CloudEvent; category?: string | undefined; message?: string | undefined } => {
  try {
    const { original, category, message } = jsonOf(event) as { original?: unknown; category?: string; message?: string };
    return { category, message, event: original === undefined ? event : fromJsonFormat(original) };
  } catch {
    return { event };
  }
};

/** What the builder refused for good: its letter holds the original, with the builder's own reason. */
const keepRejected = (deps: Shared, delivery: Delivery): Promise<void> => {
  const { event, category, message } = originalOf(delivery.event);
  const reason = message ?? 'The builder refused the event';
  return putLetter(deps, { ...delivery, attempts: 1 }, 'builder', categoryNamed(category), reason, event);
};

export const createBuilderBroker = (deps: Shared & { door: Door }, settings: BrokerSettings): LocalBroker => {
  const broker: LocalBroker = createLocalBroker(
    {
      ...deps,
      triggersFor: (event) => Promise.resolve(buildTriggers(event)),
      deliver: async (trigger, event, signal) => {
        // The letter is how a rejection ends: it can be redriven before its delivery is forgotten.
        return trigger === 'builder' ? deliveredFrom(await deps.door(event, signal)) : { status: 202 };
      },
      isDone: () => Promise.resolve(false),
      done: async (delivery, { reply }) => {
        if (delivery.trigger !== 'builder') await keepRejected(deps, delivery);
        else if (reply !== undefined) await broker.publish(reply);
      },
      dead: (delivery, answer) => putLetter(deps, delivery, 'builder', categoryOfStatus(answer.status), reasonOf(answer)),
    },
    { ...settings, folder: join(settings.folder, 'builder') },
  );
  return broker;
};

const refOf = (event: CloudEvent): FunctionRef | undefined => {
  const tenant = tenantOfSource(event.source);
  return tenant === undefined || event.subject === undefined ? undefined : { tenant, function: event.subject };
};

/** Nobody listens: on a cluster the event would vanish; here it is kept. */
const nobody = 'no-subscriber';

export const createFunctionsBroker = (
  deps: Shared & { functions: () => FunctionPlatform; results: Results },
  settings: BrokerSettings,
): LocalBroker => {
  const note = async (delivery: Delivery, answer: Delivered, outcome: 'done' | 'dead'): Promise<void> => {
    const { reply, status, message } = answer;
    const attempts = delivery.attempts + (outcome === 'done' ? 1 : 0);
    const about = {
      outcome,
      attempts,
      at: deps.now(),
      ...(status === undefined ? {} : { status }),
      ...(message === undefined ? {} : { message }),
      ...(reply === undefined ? {} : { reply }),
    };
    await deps.results.put(delivery.trigger, delivery.event, about);
    const ref = refOf(delivery.event);
    const fields = { third_party_id: ref?.tenant, parser_id: ref?.function, event_id: delivery.event.id, status, attempts };
    if (outcome === 'done')
      deps.logger.info({ ...fields, reply: reply === undefined ? undefined : jsonPreview(reply) }, 'function answered');
    else deps.logger.warn({ ...fields, reason: reasonOf(answer) }, 'event is a dead letter');
  };
  return createLocalBroker(
    {
      ...deps,
      triggersFor: async (event) => {
        const ref = refOf(event);
        if (event.type !== started || ref === undefined) return [];
        return [(await deps.functions().get(ref)) === undefined ? nobody : serviceName(ref)];
      },
      deliver: async (trigger, event, signal) => {
        const ref = refOf(event);
        if (trigger === nobody || ref === undefined) return { status: 410, message: 'No function takes the event' };
        return deliveredFrom(await deps.functions().invoke(ref, event, signal));
      },
      isDone: ({ trigger, event }) => deps.results.isDone(trigger, event),
      done: async (delivery, answer) => {
        const { reply } = answer;
        if (reply?.type !== failed) return note(delivery, answer, 'done');
        const reason = (jsonOf(reply) as { message?: string } | undefined)?.message;
        await putLetter(
          deps,
          { ...delivery, attempts: delivery.attempts + 1 },
          delivery.trigger,
          'function_error_permanent',
          reason ?? 'The function failed for good',
        );
        await note({ ...delivery, attempts: delivery.attempts + 1 }, answer, 'dead');
      },
      dead: async (delivery, answer) => {
        await putLetter(deps, delivery, delivery.trigger, categoryOfStatus(answer.status), reasonOf(answer));
        await note(delivery, answer, 'dead');
      },
    },
    { ...settings, folder: join(settings.folder, 'functions') },
  );
};

/** For the log: what a person wants to see at a glance. */
const jsonPreview = (event: CloudEvent): string => JSON.stringify(toReadableJson(event).data ?? null).slice(0, 300);
