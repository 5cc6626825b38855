// A call of a function from here: it waits until the service can be called, Knative waits for a replica.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import type { FunctionRef } from '../../../core/function.ts';
import { gaveUp, notFound, unavailable } from '../../../core/function-failures.ts';
import type { Reply } from '../../../ports.ts';
import type { KnativeService } from './objects.ts';
import { serviceState, urlOf } from './state.ts';

/** Resolves with the answer; otherwise rejects with a CodedError, or with the signal's reason. */
export type PostEvent = (url: URL, event: CloudEvent, timeoutMs: number, signal: AbortSignal) => Promise<Reply>;

type Deps = { readonly read: (ref: FunctionRef) => Promise<KnativeService | undefined>; readonly post: PostEvent };

const pollMs = 250;

const addressOf = async ({ read }: Deps, ref: FunctionRef, waitMs: number, signal: AbortSignal): Promise<URL> => {
  const deadline = Date.now() + waitMs;
  for (;;) {
    const service = await read(ref);
    if (service === undefined) throw notFound(ref);
    const { state } = serviceState(service);
    if (state === 'ready') return new URL(urlOf(service));
    if (state === 'failed') throw unavailable('The function does not start');
    if (Date.now() >= deadline) throw unavailable('The function is still being deployed', { retryAfterMs: 5_000 });
    await sleep(pollMs, undefined, { signal });
  }
};

export const invokeFunction = async (
  deps: Deps,
  ref: FunctionRef,
  event: CloudEvent,
  { waitMs, callMs, signal }: { waitMs: number; callMs: number; signal: AbortSignal },
): Promise<Reply> => {
  try {
    signal.throwIfAborted();
    const { status, headers, body } = await deps.post(await addressOf(deps, ref, waitMs, signal), event, callMs, signal);
    return { status, headers, body };
  } catch (thrown) {
    throw signal.aborted ? gaveUp(signal) : thrown;
  }
};
