// service.delete: the function and all that belongs to it. Every step may have been done before; each is success then.
import { emitted, type Origin } from '../core/emitted.ts';
import { CodedError } from '../core/errors.ts';
import { serviceName, type FunctionRef } from '../core/function.ts';
import type { EventSink, FunctionPlatform, ObjectStore } from '../ports.ts';
import type { CancelBuild } from './cancel-build.ts';
import { markDeleted } from './deploy.ts';
import type { Outcome } from './outcome.ts';
import type { PendingEvents } from './pending-events.ts';

type Deps = {
  functions: FunctionPlatform;
  temp: ObjectStore;
  pending: PendingEvents;
  events: EventSink;
  cancel: CancelBuild;
  now: () => number;
};

export type DeleteFunction = (
  ref: FunctionRef,
  wish: { serviceName?: string | undefined; reason?: string | undefined },
  origin: Origin,
) => Promise<Outcome>;

export const createDeleteFunction =
  (deps: Deps): DeleteFunction =>
  async (ref, wish, origin) => {
    const name = serviceName(ref);
    if (wish.serviceName !== undefined && wish.serviceName !== name) {
      throw new CodedError('IDENTITY_MISMATCH', `The function's service is "${name}"`, { field: 'data.service_name' });
    }
    const reason = wish.reason ?? 'The function was deleted';
    // First, so that no build that is under way brings the function back.
    await markDeleted(deps.temp, ref, deps.now());
    await deps.cancel(ref, undefined, reason);
    const outcome = await deps.functions.remove(ref);
    await deps.pending.reject(
      ref,
      new CodedError('FUNCTION_DELETED', `The function was deleted while the event waited for it: ${reason}`),
    );
    await deps.events.publish(emitted('service.deleted', ref, origin, { service_name: name, reason }, deps.now()));
    return { status: 'deleted', ref, message: outcome === 'deleted' ? 'The function is gone' : 'There was no such function' };
  };
