// The seams between what the platform decides and what carries it out. Each sentence here is held by a suite in tests/contract
// that runs against every adapter. Errors are CodedErrors; an adapter translates its technology's own at its border.
import type { Readable } from 'node:stream';
import type { Build, BuildRequest, BuildStatus } from './core/build.ts';
import type { CloudEvent } from './core/cloudevent.ts';
import type { FunctionRef } from './core/function.ts';
import type { FunctionSpec } from './core/function-spec.ts';
import type { DeadLetter, LetterFilter, LetterSummary } from './core/letter.ts';

export type Page = { limit: number; cursor?: string };
/** `cursor` is there while there is more. A cursor stays valid while items come and go. */
export type Listed<T> = { items: T[]; cursor?: string };
/** A narrower filter has more members; an empty one takes all. */
export type FunctionFilter = { tenant?: string; function?: string };

/** `version` changes whenever the content does; `size` in bytes; `modifiedAt` in ms since the epoch. */
export type StoredObject = { key: string; size: number; version: string; modifiedAt: number };

/** Sources (only read), build contexts and pending events. */
export interface ObjectStore {
  head(key: string): Promise<StoredObject | undefined>;
  /** The content as a stream. Not there: SOURCE_NOT_FOUND, before any byte. No access: SOURCE_ACCESS_DENIED. */
  read(key: string): Promise<Readable>;
  /**
   * All or nothing: a reader never sees a part, and a stream that fails leaves what was there before.
   * Resolves once the object survives the death of the process. With `ifAbsent` an existing object is left and `exists` is the answer.
   */
  write(key: string, body: Readable | Buffer, options?: { ifAbsent?: boolean }): Promise<'written' | 'exists'>;
  /** By key, ascending (UTF-16 code units). */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Already gone is success. */
  remove(key: string): Promise<void>;
}

export type BuildFilter = FunctionFilter & { status?: BuildStatus; contentHash?: string };
/** `offset` is that of the line's first byte in the log, `next` that of the first byte after its end: following can resume at both. */
export type LogLine = { offset: number; text: string; next: number };

/** Turns packed contexts into images, a few at a time; the rest is queued and admitted by `core/admission.ts`. */
export interface ImageBuilder {
  /**
   * Resolves once the build survives the death of this process. Submitting the same build id twice builds once: `exists` while it is
   * queued or running. A build that has ended is started again, as its next attempt; with `knownEnd`, the last attempt that the caller
   * knows to have ended (0: none), only after that one: what somebody else has built meanwhile `exists`. QUEUE_FULL beyond the queue's limit.
   */
  submit(request: BuildRequest, knownEnd?: number): Promise<{ outcome: 'started' | 'queued' | 'exists'; build: Build }>;
  get(buildId: string): Promise<Build | undefined>;
  /** Newest first. */
  list(filter: BuildFilter, page: Page): Promise<Listed<Build>>;
  /** The log's lines from a byte offset; with `follow` it goes on until the build ends or the signal fires. No such build: BUILD_NOT_FOUND. */
  logs(buildId: string, options: { follow: boolean; offset: number; signal: AbortSignal }): AsyncIterable<LogLine>;
  /** Resolves when no process of the build is left. `ended` if it had ended before. */
  cancel(buildId: string, reason: string): Promise<'cancelled' | 'ended' | 'absent'>;
  /** The digest (`sha256:…`) that the image name stands for, `undefined` if there is no such image. */
  findImage(image: string): Promise<string | undefined>;
  /** Starts what may start now: after each completion, and by the sweep. */
  admitNext(): Promise<void>;
}

export type { FunctionSpec } from './core/function-spec.ts';

export type FunctionState = FunctionSpec & {
  readonly url: string;
  /** `failed`: it can't be started as it is; events for it are still taken, retried and in the end dead letters. */
  readonly state: 'deploying' | 'ready' | 'failed';
  readonly reason?: string;
  /** Absent where counting them would cost too much: on pages of more than 100. */
  readonly replicas?: number;
  readonly createdAt: number;
  readonly updatedAt: number;
};

/** An answer over HTTP, as the function gave it. Header names in lower case. */
export type Reply = { status: number; headers: Record<string, string>; body: Buffer };

/** Serves functions, scaled to zero, each with its trigger on the functions' broker. */
export interface FunctionPlatform {
  /**
   * Makes the service and its trigger what the spec says. `superseded` if a later requested spec is there already.
   * NAME_CONFLICT if the name belongs to another function. Resolves once the service is durably declared; it may still be deploying.
   */
  apply(spec: FunctionSpec): Promise<{ outcome: 'created' | 'updated' | 'unchanged' | 'superseded'; state: FunctionState }>;
  get(ref: FunctionRef): Promise<FunctionState | undefined>;
  /** By name, ascending. */
  list(filter: FunctionFilter, page: Page): Promise<Listed<FunctionState>>;
  /** Removes the trigger first, then the service and all that belongs to it. */
  remove(ref: FunctionRef): Promise<'deleted' | 'absent'>;
  /** Runs the function with one event, waiting for a cold start. FUNCTION_NOT_FOUND; FUNCTION_UNAVAILABLE when it does not start; FUNCTION_TIMEOUT. */
  invoke(ref: FunctionRef, event: CloudEvent, signal: AbortSignal): Promise<Reply>;
}

/** A broker. */
export interface EventSink {
  /**
   * Resolves once the broker owes the delivery to every matching trigger, even if every process dies now. BROKER_UNAVAILABLE otherwise;
   * EVENT_REFUSED where it will never take this event.
   * `done`: the broker remembers that the event (equal source and id) was delivered to all of them before, and owes nothing.
   */
  publish(event: CloudEvent): Promise<'owed' | 'done'>;
}

export type { DeadLetter, LetterFilter, LetterSummary } from './core/letter.ts';

/** Keeps what could not be handled until an operator decides. */
export interface DeadLetterQueue {
  /** Resolves once the letter survives the death of the process. A letter of the same id is replaced. */
  put(letter: DeadLetter): Promise<void>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** The last put first. Looking consumes nothing. A cursor that is none: INVALID_QUERY. */
  list(filter: LetterFilter, page: Page): Promise<Listed<LetterSummary>>;
  /** The ids of all letters that match, the first put first: what a redrive or a purge of many goes by. */
  matching(filter: LetterFilter): Promise<string[]>;
  /**
   * Hands the letter to delivery once more and takes it out of the queue, in this order: a crash between the two leaves it in both.
   * If it fails again it comes back under its id. `unreadable`: there is no event in it, so it stays.
   * @param run names the redrive that this is part of, for those who follow what becomes of it
   */
  redrive(id: string, run?: string): Promise<'redriven' | 'absent' | 'unreadable'>;
  /** Takes the letter out for good. */
  purge(id: string): Promise<'purged' | 'absent'>;
  /** How many letters there are, and the oldest one's age since its last failure in milliseconds (0 when there is none). */
  stats(now: number): Promise<{ depth: number; oldestAgeMs: number }>;
}

/** `limit` and `remaining` in events; `retryAfterMs` is 0 when allowed. */
export type RateVerdict = { allowed: boolean; limit: number; remaining: number; retryAfterMs: number };

/** A token bucket per key. The first request of a key is allowed. */
export interface RateLimiter {
  take(key: string): Promise<RateVerdict>;
}
