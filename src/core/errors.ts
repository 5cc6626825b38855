// Every way in which a request can end badly. A Knative broker retries 404, 408, 409, 429 and 5xx and drops any other 4xx as
// delivered; so what can heal is 429 or 5xx, and what cannot is another 4xx. The row types make any other pairing a compile error.
import type { Category } from './dead-letter.ts';

type Permanent = { status: 400 | 401 | 403 | 405 | 406 | 411 | 413 | 414 | 415 | 417 | 422 | 431; retryable: false };
type Transient = { status: 429 | 500 | 503 | 504; retryable: true };
/** A thing that a URL names and that is not there. Never the answer to an event. */
type Absent = { status: 404; retryable: false; resource: true };
type Row = (Permanent | Transient | Absent) & { title: string; category: Category };

const permanent = <const S extends Permanent['status']>(status: S, category: Category, title: string) =>
  ({ status, retryable: false, category, title }) as const;
const transient = <const S extends Transient['status']>(status: S, category: Category, title: string) =>
  ({ status, retryable: true, category, title }) as const;
const absent = (title: string) => ({ status: 404, retryable: false, resource: true, category: 'validation', title }) as const;

export const errors = {
  // The request is not an event.
  MALFORMED_REQUEST: permanent(400, 'validation', 'The request is not valid HTTP or not valid for this route'),
  MISSING_ATTRIBUTE: permanent(400, 'validation', 'A required CloudEvents attribute is missing'),
  INVALID_ATTRIBUTE: permanent(400, 'validation', 'A CloudEvents attribute breaks a rule of the specification'),
  DUPLICATE_ATTRIBUTE: permanent(400, 'validation', 'A CloudEvents attribute is given twice'),
  UNSUPPORTED_SPECVERSION: permanent(400, 'validation', 'Only CloudEvents specversion 1.0 is spoken here'),
  INVALID_JSON: permanent(400, 'validation', 'The body is not valid JSON'),
  INVALID_ENVELOPE: permanent(400, 'validation', 'The body is not a CloudEvent in JSON format'),
  INVALID_QUERY: permanent(400, 'validation', 'A query parameter breaks a rule'),
  UNSUPPORTED_MEDIA_TYPE: permanent(415, 'validation', 'The content type or its charset is not supported'),
  METHOD_NOT_ALLOWED: permanent(405, 'validation', 'The route does not answer this method'),
  LENGTH_REQUIRED: permanent(411, 'validation', 'The request needs a Content-Length or chunked body'),
  BODY_TOO_LARGE: permanent(413, 'validation', 'The body is larger than the limit'),
  HEADERS_TOO_LARGE: permanent(431, 'validation', 'The headers are larger than the limit'),
  UNAUTHENTICATED: permanent(401, 'validation', 'The request carries no valid token'),
  // The event can never succeed.
  UNKNOWN_EVENT_TYPE: permanent(422, 'unknown_event_type', 'No handler takes this event type'),
  INVALID_DATA: permanent(422, 'validation', 'A field of the event data breaks a rule'),
  IDENTITY_MISSING: permanent(422, 'validation', 'The event names no tenant or no function'),
  IDENTITY_MISMATCH: permanent(422, 'identity_mismatch', 'The event source and its data name different functions'),
  NAME_CONFLICT: permanent(422, 'identity_mismatch', 'An object of that name belongs to another function'),
  SOURCE_NOT_FOUND: permanent(422, 'source_not_found', 'The source is not in the store'),
  SOURCE_ACCESS_DENIED: permanent(422, 'source_access_denied', 'The store refuses access to the source'),
  SOURCE_INVALID: permanent(422, 'source_invalid', 'The source breaks a rule'),
  SOURCE_TOO_LARGE: permanent(413, 'source_invalid', 'The source is larger than the limit'),
  CONTENT_HASH_MISMATCH: permanent(422, 'source_invalid', 'The source is not the one the event asks for'),
  RUNTIME_UNKNOWN: permanent(422, 'source_invalid', 'No runtime fits the source'),
  BUILD_UNKNOWN: permanent(422, 'validation', 'No build matches the event'),
  COMPLETION_MISMATCH: permanent(422, 'identity_mismatch', 'The completion does not match the build it names'),
  BUILD_FAILED: permanent(422, 'build_failed', 'The build failed'),
  BUILD_CANCELLED: permanent(422, 'build_failed', 'The build was cancelled'),
  IMAGE_REFUSED: permanent(422, 'image_refused', 'The image is not the one that was built'),
  FUNCTION_DELETED: permanent(422, 'validation', 'The function was deleted while the event waited for it'),
  EVENT_REFUSED: permanent(422, 'validation', 'The broker will never take the event as it is'),
  DEAD_LETTER_UNREADABLE: permanent(422, 'unreadable', 'The dead letter holds no event that could be delivered'),
  FUNCTION_ERROR_PERMANENT: permanent(422, 'function_error_permanent', 'The function can never handle this event'),
  // A limit.
  TENANT_RATE_LIMITED: transient(429, 'rate_limited', 'The tenant sends more events than its limit'),
  GLOBAL_RATE_LIMITED: transient(429, 'rate_limited', 'All tenants together send more events than the limit'),
  QUEUE_FULL: transient(429, 'queue_full', 'The queue of builds is full'),
  PACKING_BUSY: transient(503, 'rate_limited', 'Too many build contexts are being packed'),
  STORAGE_BUSY: transient(503, 'rate_limited', 'Too many requests to the object store are waiting'),
  // Not now.
  SOURCE_UNAVAILABLE: transient(503, 'source_unavailable', 'The object store does not answer'),
  CLUSTER_UNAVAILABLE: transient(503, 'cluster_unavailable', 'The platform does not answer'),
  BROKER_UNAVAILABLE: transient(503, 'broker_unavailable', 'The broker does not take events'),
  REGISTRY_UNAVAILABLE: transient(503, 'registry_unavailable', 'The image registry does not answer'),
  FUNCTION_UNAVAILABLE: transient(503, 'subscriber_unavailable', 'The function does not take events'),
  FUNCTION_TIMEOUT: transient(504, 'function_timeout', 'The function did not answer in time'),
  BUILD_TIMEOUT: transient(503, 'build_timeout', 'The build did not end in time'),
  SLOW_REQUEST: transient(503, 'subscriber_unavailable', 'The request did not arrive in time'),
  DEAD_LETTERS_FULL: transient(503, 'queue_full', 'The dead-letter queue is full'),
  STOPPING: transient(503, 'subscriber_unavailable', 'The process is stopping'),
  INTERNAL: transient(500, 'subscriber_unavailable', 'Something here is broken'),
  // What a URL names.
  ROUTE_NOT_FOUND: absent('There is no such route'),
  BUILD_NOT_FOUND: absent('There is no such build'),
  FUNCTION_NOT_FOUND: absent('There is no such function'),
  EVENT_NOT_FOUND: absent('There is no such event'),
  DEAD_LETTER_NOT_FOUND: absent('There is no such dead letter'),
} as const satisfies Record<string, Row>;

export type ErrorCode = keyof typeof errors;

export type ErrorDetails = {
  /** The attribute, header, query parameter or JSON pointer below `data` that breaks the rule. */
  field?: string;
  /** Which limit was met, for 429 and 503. */
  limit?: string;
  /** Whole seconds after which the same request may succeed. */
  retryAfterSeconds?: number;
  /** The limit's size and what is left of it, for the RateLimit headers. */
  quota?: { limit: number; remaining: number };
  cause?: unknown;
};

/** The only error class of the house. `message` is for the sender: it holds no secret and no upstream text. */
export class CodedError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    const { stackTraceLimit } = Error;
    // A refusal is an answer, not a fault: nobody reads where it was thrown, and finding that out costs more than judging the event.
    if (!errors[code].retryable) Error.stackTraceLimit = 0;
    super(message, { cause: details.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'CodedError';
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return errors[this.code].status;
  }

  get retryable(): boolean {
    return errors[this.code].retryable;
  }

  get category(): Category {
    return errors[this.code].category;
  }
}

/** What was thrown, as one of ours: anything unknown is INTERNAL, with the original kept as the cause for the log. */
export const toCodedError = (thrown: unknown): CodedError =>
  thrown instanceof CodedError
    ? thrown
    : new CodedError('INTERNAL', 'The event could not be handled; try again later', { cause: thrown });
