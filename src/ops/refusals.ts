// Whatever ends a request badly, as one of our own errors, and sent as a problem.
import type { FastifyError, FastifyReply } from 'fastify';
import { CodedError, type ErrorCode } from '../core/errors.ts';
import { parseTraceparent } from '../core/trace-context.ts';
import { newRequestIds, problemOf, type RequestIds } from './problem.ts';

/** What Fastify refuses by itself, in our words. Its messages are its own; ours name the rule. */
const known: Record<string, [code: ErrorCode, message: string, field?: string]> = {
  FST_ERR_BAD_URL: ['MALFORMED_REQUEST', 'The URL is not valid', 'url'],
  FST_ERR_MAX_PARAM_LENGTH: ['MALFORMED_REQUEST', 'A part of the path is too long', 'url'],
};

const fromFramework = (error: FastifyError): CodedError => {
  if (error.validation !== undefined) {
    const [first] = error.validation;
    const field = `${error.validationContext ?? 'request'}${(first?.instancePath ?? '').replaceAll('/', '.')}`;
    return new CodedError('INVALID_QUERY', `${field} ${first?.message ?? 'breaks a rule'}`, { field });
  }
  const [code, message, field] = known[error.code] ?? ['INTERNAL', 'The request could not be handled; try again later'];
  return new CodedError(code, message, { cause: error, ...(field === undefined ? {} : { field }) });
};

export const asCodedError = (error: unknown): CodedError =>
  error instanceof CodedError ? error : fromFramework(error as FastifyError);

/** The ids a client sent, or new ones: whoever is refused can be found in the logs by what the answer says. */
export const idsOf = (headers: Record<string, unknown>): RequestIds => {
  const { 'x-correlation-id': correlationId, traceparent } = headers;
  const made = newRequestIds();
  const trace = parseTraceparent(typeof traceparent === 'string' ? traceparent : undefined);
  return {
    correlationId:
      typeof correlationId === 'string' && /^[\x21-\x7e]{1,128}$/.test(correlationId) ? correlationId : made.correlationId,
    traceId: trace?.traceId ?? made.traceId,
  };
};

export const sendProblem = (reply: FastifyReply, error: CodedError, ids: RequestIds): FastifyReply => {
  const { status, headers, body } = problemOf(error, ids);
  // What is left of a refused body is not read: the connection can't carry another request.
  if (status === 413 || error.code === 'MALFORMED_REQUEST') reply.header('connection', 'close');
  return reply.code(status).headers(headers).send(JSON.stringify(body));
};
