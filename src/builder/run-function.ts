// parser.start: the function runs with the event. If there is none yet, the event waits in the object store while it is built.
import { carrying } from '../core/correlation.ts';
import type { Origin } from '../core/emitted.ts';
import { CodedError } from '../core/errors.ts';
import type { LambdaEvent } from '../core/events.ts';
import type { FunctionRef } from '../core/function.ts';
import type { EventSink, FunctionPlatform, FunctionState } from '../ports.ts';
import type { Outcome } from './outcome.ts';
import { addressed, type PendingEvents } from './pending-events.ts';
import type { StartBuild } from './start-build.ts';

type Deps = {
  functions: FunctionPlatform;
  functionEvents: EventSink;
  pending: PendingEvents;
  startBuild: StartBuild;
  now: () => number;
};

const takesEvents = (state: FunctionState | undefined): boolean => state !== undefined && state.state !== 'deploying';

/** It may have become ready between our look and our keeping the event; then nobody else would hand it over. */
const deliverIfReady = async (deps: Deps, ref: FunctionRef): Promise<void> => {
  if (takesEvents(await deps.functions.get(ref))) await deps.pending.deliver(ref);
};

const buildFirst = async (
  deps: Deps,
  { ref, data, cloudEvent }: LambdaEvent<'parser.start'>,
  origin: Origin,
  askedAt: number,
): Promise<Outcome> => {
  const built = await deps.startBuild({ ref, sourceKey: data.s3_key }, origin);
  // The message says when. As Retry-After it would keep whoever obeys it from the whole builder, for the sake of one function.
  if (built.failedLately === true)
    throw new CodedError(built.timedOut === true ? 'BUILD_TIMEOUT' : 'BUILD_FAILED', built.message);
  // Not before its build is known: the failure of an older one would take it along.
  await deps.pending.keep(ref, cloudEvent, data.s3_key, askedAt);
  await deliverIfReady(deps, ref);
  return { ...built, status: 'pending', message: `The function is not there yet; the event waits for it. ${built.message}` };
};

export const createRunFunction =
  (deps: Deps) =>
  async (event: LambdaEvent<'parser.start'>, origin: Origin): Promise<Outcome> => {
    const { ref } = event;
    const askedAt = deps.now();
    const cloudEvent = carrying(event.cloudEvent, origin);
    const state = await deps.functions.get(ref);
    if (state === undefined) return buildFirst(deps, { ...event, cloudEvent }, origin, askedAt);
    if (takesEvents(state)) {
      const owed = await deps.functionEvents.publish(addressed(cloudEvent, ref));
      if (owed === 'done')
        return { ref, status: 'skipped', message: 'The function has handled this event before; send a new id to run it again' };
      return { ref, status: 'started', buildId: state.buildId, message: 'The event is on its way to the function' };
    }
    await deps.pending.keep(ref, cloudEvent, event.data.s3_key, askedAt);
    await deliverIfReady(deps, ref);
    return { ref, status: 'pending', buildId: state.buildId, message: 'The function is being deployed; the event waits for it' };
  };
