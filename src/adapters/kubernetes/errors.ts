// What the API server answers when it does not do what it was asked. Some of it is an outcome that the caller decides on; the rest
// is a coded error. The server's own words are only the cause of one: they are for the log.
import { CodedError } from '../../core/errors.ts';

/**
 * `absent`: no such object (or namespace). `exists`: the name is taken. `conflict`: somebody else was quicker, or the object is not
 * the one that was meant. `expired`: the list or watch has to begin anew; with `next` a list can go on from newer content.
 * `invalid`: the server understands and refuses what was sent, such as a test of a JSON patch that does not hold.
 */
export type Refusal = {
  readonly reason: 'absent' | 'exists' | 'conflict' | 'expired' | 'invalid';
  readonly message: string;
  readonly next?: string;
};

/** kind `Status` of the API, as far as it is read. */
type Status = {
  reason?: unknown;
  message?: unknown;
  metadata?: { continue?: unknown };
};

const statusIn = (body: string): Status => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? parsed : {};
  } catch {
    // A proxy in between answers in a language of its own.
    return {};
  }
};

const words = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 1_000) : '');

const reasons: Readonly<Record<number, Refusal['reason']>> = {
  400: 'invalid',
  404: 'absent',
  409: 'conflict',
  410: 'expired',
  422: 'invalid',
};

/** @returns undefined when it is no outcome: then it is `unavailable` */
export const refusalOf = (httpStatus: number, body: string): Refusal | undefined => {
  const reason = reasons[httpStatus];
  if (reason === undefined) return undefined;
  const status = statusIn(body);
  const next = status.metadata?.continue;
  return {
    reason: status.reason === 'AlreadyExists' ? 'exists' : reason,
    message: words(status.message),
    ...(typeof next === 'string' && next !== '' ? { next } : {}),
  };
};

export const unavailable = (cause: unknown, retryAfterSeconds?: number): CodedError =>
  new CodedError('CLUSTER_UNAVAILABLE', 'The Kubernetes API does not answer as it should', {
    cause,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });

/** 401 and 403 (a right, a quota or Pod Security) are for an operator to heal, so that whoever sent the event should come back. */
export const answered = (httpStatus: number, body: string): Error =>
  new Error(`The API server answered ${httpStatus}: ${words(statusIn(body).message) || body.slice(0, 300)}`);

/** For a refusal that is no outcome of what was asked. What we sent is refused: that is a fault of ours. */
export const unexpected = ({ reason, message }: Refusal): CodedError =>
  reason === 'invalid'
    ? new CodedError('INTERNAL', 'The Kubernetes API refuses what was sent', { cause: new Error(message) })
    : unavailable(new Error(`${reason}: ${message}`));
