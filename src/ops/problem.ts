// RFC 9457: how every error of every process is answered. Never a stack trace, never an upstream's text.
import { errors, type CodedError } from '../core/errors.ts';
import { newTrace } from '../core/trace-context.ts';

export type Problem = { status: number; headers: Record<string, string>; body: Record<string, unknown> };

/** The ids under which the sender and the logs know the request. */
export type RequestIds = { correlationId: string; traceId: string };

/** For a request that brought none. */
export const newRequestIds = (): RequestIds => ({ correlationId: newTrace().traceId, traceId: newTrace().traceId });

const rateHeaders = ({ details, retryable }: CodedError): Record<string, string> => {
  if (!retryable) return {};
  const after = String(details.retryAfterSeconds ?? 1);
  const quota: Record<string, string> =
    details.quota === undefined
      ? {}
      : {
          'ratelimit-limit': String(details.quota.limit),
          'ratelimit-remaining': String(details.quota.remaining),
          'ratelimit-reset': after,
        };
  return { 'retry-after': after, ...quota };
};

export const problemOf = (error: CodedError, ids: RequestIds): Problem => ({
  status: error.status,
  headers: {
    'content-type': 'application/problem+json; charset=utf-8',
    'x-correlation-id': ids.correlationId,
    ...rateHeaders(error),
  },
  body: {
    type: `urn:knative-lambda:error:${error.code}`,
    title: errors[error.code].title,
    status: error.status,
    detail: error.message,
    code: error.code,
    retryable: error.retryable,
    ...(error.details.field === undefined ? {} : { field: error.details.field }),
    ...(error.details.limit === undefined ? {} : { limit: error.details.limit }),
    correlation_id: ids.correlationId,
    trace_id: ids.traceId,
  },
});
