// Events that wait for their function to be built. They lie in the object store, so that any process can hand them over.
import { createHash } from 'node:crypto';
import { maxAttributeLength, type CloudEvent } from '../core/cloudevent.ts';
import { originOf } from '../core/correlation.ts';
import { rejectionOf } from '../core/emitted.ts';
import { CodedError, toCodedError } from '../core/errors.ts';
import { eventSourceOf, pendingKey, pendingPrefix, type FunctionRef } from '../core/function.ts';
import { isSameRef } from '../core/function-spec.ts';
import { fromJsonFormat, toJsonFormat } from '../core/json-format.ts';
import { eachAtOnce } from '../ops/each-at-once.ts';
import type { Logger } from '../ops/logger.ts';
import type { EventSink, ObjectStore, StoredObject } from '../ports.ts';
import { createPasses } from './passes.ts';

export type WaitingEvent = {
  ref: FunctionRef;
  event: CloudEvent;
  sourceKey?: string;
  /** When it came: ms since the epoch. */
  askedAt: number;
};
export type PendingEvent = WaitingEvent & { key: string };

export type PendingEvents = {
  /** Resolves once the event survives this process. */
  keep(ref: FunctionRef, event: CloudEvent, sourceKey: string | undefined, askedAt: number): Promise<void>;
  /**
   * Hands what waits for the function to the functions' broker, each event gone from here only once the broker owes it. What that broker
   * refuses for good becomes a dead letter; when it can't be reached, the rest is handed over as far as possible before this fails.
   * Resolves when all that was kept before the call is.
   */
  deliver(ref: FunctionRef): Promise<number>;
  /** The function will not come: what waits for it becomes dead letters, with the reason. What is not meant goes on waiting. */
  reject(ref: FunctionRef, reason: CodedError, isMeant?: (waiting: WaitingEvent) => boolean): Promise<number>;
  /** What waits, of all functions. What is not wanted is not read. */
  list(isWanted?: (found: StoredObject) => boolean): AsyncIterable<PendingEvent>;
};

type Stored = { ref: FunctionRef; event: Record<string, unknown>; source_key?: string; asked_at: number };

/**
 * The event as the function's trigger will know it. An event that already comes from the tenant about the function is not touched;
 * another (a curl) gets their source and subject, and keeps its own source and id as extensions (docs/adr/0002).
 */
export const addressed = (event: CloudEvent, ref: FunctionRef): CloudEvent => {
  const source = eventSourceOf(ref);
  if (event.source === source && event.subject === ref.function) return event;
  if (event.source === source) return { ...event, subject: ref.function };
  const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
  const suffix = `-${hashOf(event.source).slice(0, 8)}`;
  // Longer than any reader takes an id, it would be refused by all of them.
  const id = event.id.length + suffix.length > maxAttributeLength ? hashOf(event.id) : event.id;
  // Two senders may use one id; under a common source it has to stay two.
  const extensions = { ...event.extensions, originsource: event.source, originid: event.id };
  return { ...event, id: `${id}${suffix}`, source, subject: ref.function, extensions };
};

const textOf = async (temp: ObjectStore, key: string): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of (await temp.read(key)) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

type Deps = {
  temp: ObjectStore;
  functionEvents: EventSink;
  events: EventSink;
  logger: Logger;
  now: () => number;
};

const eventIn = (text: string): WaitingEvent => {
  const { ref, event, source_key: sourceKey, asked_at: askedAt } = JSON.parse(text) as Stored;
  return { ref, askedAt, event: fromJsonFormat(event), ...(sourceKey === undefined ? {} : { sourceKey }) };
};

const readWaiting = async ({ temp, logger }: Deps, key: string): Promise<WaitingEvent | undefined> => {
  const text = await textOf(temp, key).catch((thrown: unknown) => {
    // Another process may hand the same event over at the same time; then it is gone, and that is success.
    if (thrown instanceof CodedError && thrown.code === 'SOURCE_NOT_FOUND') return undefined;
    throw thrown;
  });
  if (text === undefined) return undefined;
  try {
    return eventIn(text);
  } catch (err) {
    // It stays where it is, for somebody to look at, and holds up none of the others.
    logger.error({ err, key }, 'what waits here is not an event');
    return undefined;
  }
};

async function* stored(deps: Deps, isWanted: (found: StoredObject) => boolean): AsyncIterable<PendingEvent> {
  for await (const found of deps.temp.list('pending/')) {
    const waiting = isWanted(found) ? await readWaiting(deps, found.key) : undefined;
    if (waiting !== undefined) yield { ...waiting, key: found.key };
  }
}

/** Of one function. Their order is not promised, and one after the other a thousand of them would take a minute. */
const atOnce = 8;
/** A broker that is away takes none of the others either; one that trips over some events takes the rest. */
const mostFailuresInARow = 5;

/** Each is taken out once its work is done. What fails stays and holds up none of the others; what can be tried again is thrown in the end. */
const takeOut = async (
  deps: Deps,
  ref: FunctionRef,
  work: (event: CloudEvent) => Promise<unknown>,
  isMeant: (waiting: WaitingEvent) => boolean = () => true,
): Promise<number> => {
  let [count, failuresInARow] = [0, 0];
  let failure: CodedError | undefined;
  const take = async (key: string): Promise<void> => {
    const waiting = await readWaiting(deps, key);
    // Two functions may share the digits that the prefix is made of, if somebody searched for such names: each gets only its own.
    if (waiting === undefined || !isSameRef(waiting.ref, ref) || !isMeant(waiting)) return;
    await work(waiting.event);
    await deps.temp.remove(key);
    count++;
  };
  await eachAtOnce(deps.temp.list(pendingPrefix(ref)), atOnce, async ({ key }) => {
    try {
      await take(key);
      failuresInARow = 0;
    } catch (thrown) {
      const error = toCodedError(thrown);
      if (!error.retryable) {
        // For somebody to look at: neither is it taken, nor the letter that would say so.
        deps.logger.error({ err: error, key }, 'what waits here can neither be handed over nor become a dead letter');
        return;
      }
      failure = error;
      if (++failuresInARow === mostFailuresInARow) throw error;
    }
  });
  if (failure !== undefined) throw failure;
  return count;
};

const reject = async (deps: Deps, ref: FunctionRef, event: CloudEvent, reason: CodedError): Promise<void> => {
  await deps.events.publish(rejectionOf(event, ref, originOf(event), reason, deps.now()));
};

/** What the functions' broker refuses for good becomes a dead letter. */
const handOver = async (deps: Deps, ref: FunctionRef, event: CloudEvent): Promise<void> => {
  try {
    await deps.functionEvents.publish(addressed(event, ref));
  } catch (thrown) {
    const error = toCodedError(thrown);
    if (error.retryable) throw error;
    await reject(deps, ref, event, error);
  }
};

export const createPendingEvents = (deps: Deps): PendingEvents => {
  const passes = createPasses<number>();
  return {
    keep: async (ref, event, sourceKey, askedAt) => {
      const source = sourceKey === undefined ? {} : { source_key: sourceKey };
      const value: Stored = { ref, event: toJsonFormat(event), asked_at: askedAt, ...source };
      await deps.temp.write(pendingKey(ref, event), Buffer.from(JSON.stringify(value)), { ifAbsent: true });
    },
    // Two at once would publish what the other has read and not taken out yet, and the function would run twice.
    deliver: (ref) => passes(`${ref.tenant}\0${ref.function}`, () => takeOut(deps, ref, (event) => handOver(deps, ref, event))),
    reject: (ref, reason, isMeant) => takeOut(deps, ref, (event) => reject(deps, ref, event, reason), isMeant),
    list: (isWanted = () => true) => stored(deps, isWanted),
  };
};
