// How a call of a function can fail here, in one place: what is retried, and when to come back.
import { CodedError } from './errors.ts';
import type { FunctionRef } from './function.ts';

/** Messages reach the sender: they hold nothing the function printed. */
export const unavailable = (message: string, details: { retryAfterMs?: number; cause?: unknown } = {}): CodedError =>
  new CodedError('FUNCTION_UNAVAILABLE', message, {
    retryAfterSeconds: Math.max(1, Math.ceil((details.retryAfterMs ?? 0) / 1000)),
    ...(details.cause === undefined ? {} : { cause: details.cause }),
  });

export const notFound = (ref: FunctionRef): CodedError =>
  new CodedError('FUNCTION_NOT_FOUND', `Tenant "${ref.tenant}" has no function "${ref.function}"`);

/** The caller's signal fired. Its own reason stands if it is one of ours; a timeout stays a timeout. */
export const gaveUp = (signal: AbortSignal): CodedError => {
  const reason: unknown = signal.reason;
  if (reason instanceof CodedError) return reason;
  if (typeof reason === 'object' && reason !== null && 'name' in reason && reason.name === 'TimeoutError') {
    return new CodedError('FUNCTION_TIMEOUT', 'The function did not answer in the time its caller gave it', { cause: reason });
  }
  return unavailable('The caller gave up before the function answered', { cause: reason });
};
