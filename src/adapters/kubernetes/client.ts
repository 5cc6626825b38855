// The Kubernetes API as the adapters use it: a call with JSON in and JSON out, tried again while that may help, and an answer that
// goes on (a watch, a log). Everything that is sent may be sent twice: names, uids and resource versions make the second harmless.
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../core/errors.ts';
import { openConnection, type Connection, type ConnectionOptions } from './connection.ts';
import { answered, refusalOf, unavailable, type Refusal } from './errors.ts';
import { exchange, readText, type Message } from './exchange.ts';
import { createTurns } from './turns.ts';

export type Call = Message & { readonly signal?: AbortSignal };
/** `created`: 201, it was not there before. */
export type Answer<T> = { ok: true; value: T; created: boolean } | { ok: false; refusal: Refusal };

export type KubernetesClient = {
  /** @throws CodedError CLUSTER_UNAVAILABLE after the last try or at the deadline; the signal's reason when it fires */
  call<T>(call: Call): Promise<Answer<T>>;
  /** Tried once and without a deadline: who reads on for long also knows how to begin again. Destroy what is not read to its end. */
  open(call: Call & { signal: AbortSignal }): Promise<{ ok: true; response: IncomingMessage } | { ok: false; refusal: Refusal }>;
  close(): void;
};

export type KubernetesClientOptions = ConnectionOptions & {
  /** Calls at once; watches and logs do not count. */
  maxInFlight?: number;
  /** For one call with all its tries, in milliseconds. */
  deadlineMs?: number;
  /** For one try. */
  tryMs?: number;
  /** Told of every request, for metrics: its method, the kind's plural and the status (0 when there was none). */
  onRequest?: (method: string, plural: string, status: number) => void;
};

type Settings = Required<Pick<KubernetesClientOptions, 'deadlineMs' | 'tryMs' | 'onRequest'>>;

const maxAnswerBytes = 64 * 2 ** 20;
const maxTries = 6;
const firstPauseMs = 100;
const longestPauseMs = 3_000;

/** A try that failed in a way that the next one may not. */
type Failed = { failed: unknown; retryAfterSeconds?: number };

const secondsIn = (header: string | undefined): number | undefined =>
  header !== undefined && /^\d{1,4}$/.test(header) ? Number(header) : undefined;

/** 429 and 5xx heal by themselves. Rights are for a person to heal, so that more tries are of no use. */
const failureOf = (response: IncomingMessage, body: string): Failed => {
  const { statusCode = 0 } = response;
  const retryAfterSeconds = secondsIn(response.headers['retry-after']);
  const cause = answered(statusCode, body);
  if (statusCode !== 429 && statusCode < 500) throw unavailable(cause);
  return { failed: cause, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
};

/** `/apis/batch/v1/namespaces/builds/jobs/x` → `jobs`. */
const pluralOf = (path: string): string => /^\/apis?\/(?:[^/]+\/)?v\w+\/(?:namespaces\/[^/]+\/)?([^/]+)/.exec(path)?.[1] ?? '';

const send = async (
  connection: Connection,
  call: Call,
  signal: AbortSignal,
  { onRequest }: Settings,
): Promise<IncomingMessage> => {
  let status = 0;
  try {
    const response = await exchange(connection, call, signal);
    status = response.statusCode ?? 0;
    return response;
  } finally {
    onRequest(call.method, pluralOf(call.path), status);
  }
};

const tryOnce = async <T>(
  connection: Connection,
  call: Call,
  signal: AbortSignal,
  settings: Settings,
): Promise<Answer<T> | Failed> => {
  const patience = AbortSignal.any([signal, AbortSignal.timeout(settings.tryMs)]);
  try {
    const response = await send(connection, call, patience, settings);
    const { statusCode = 0 } = response;
    const body = await readText(response, maxAnswerBytes);
    if (statusCode >= 200 && statusCode <= 299) return { ok: true, value: JSON.parse(body) as T, created: statusCode === 201 };
    const refusal = refusalOf(statusCode, body);
    return refusal === undefined ? failureOf(response, body) : { ok: false, refusal };
  } catch (thrown) {
    if (thrown instanceof CodedError) throw thrown;
    return { failed: thrown };
  }
};

/** Half of it by chance: whoever failed together does not come back together. */
const pauseAfter = (tries: number, retryAfterSeconds: number | undefined): number => {
  const pause = Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs);
  return Math.max(pause * (0.5 + Math.random() / 2), Math.min((retryAfterSeconds ?? 0) * 1000, longestPauseMs));
};

/** False when the signal fired first. */
const pause = (ms: number, signal: AbortSignal): Promise<boolean> => sleep(ms, true, { signal }).catch(() => false);

const tryUntil = async <T>(connection: Connection, call: Call, signal: AbortSignal, settings: Settings): Promise<Answer<T>> => {
  for (let tries = 1; ; tries++) {
    const answer = await tryOnce<T>(connection, call, signal, settings);
    if (!('failed' in answer)) return answer;
    // Also what was answered last is told, and not that the time was up while nobody was asked.
    const isLast = tries >= maxTries || !(await pause(pauseAfter(tries, answer.retryAfterSeconds), signal));
    call.signal?.throwIfAborted();
    if (isLast) throw unavailable(answer.failed, answer.retryAfterSeconds);
  }
};

export const createKubernetesClient = (options: KubernetesClientOptions): KubernetesClient => {
  const maxInFlight = options.maxInFlight ?? 20;
  const connection = openConnection(options);
  const settings = { deadlineMs: 15_000, tryMs: 8_000, onRequest: () => undefined, ...options };
  const turns = createTurns(maxInFlight);
  return {
    call: async <T>(call: Call): Promise<Answer<T>> => {
      const deadline = AbortSignal.timeout(settings.deadlineMs);
      const signal = call.signal === undefined ? deadline : AbortSignal.any([deadline, call.signal]);
      try {
        return await turns(() => tryUntil<T>(connection, call, signal, settings), signal);
      } catch (thrown) {
        call.signal?.throwIfAborted();
        throw thrown instanceof CodedError ? thrown : unavailable(thrown);
      }
    },
    open: async (call) => {
      const response = await send(connection, call, call.signal, settings);
      const { statusCode = 0 } = response;
      if (statusCode >= 200 && statusCode <= 299) return { ok: true, response };
      const body = await readText(response, maxAnswerBytes);
      const refusal = refusalOf(statusCode, body);
      if (refusal === undefined) throw unavailable(answered(statusCode, body), secondsIn(response.headers['retry-after']));
      return { ok: false, refusal };
    },
    close: () => connection.close(),
  };
};
