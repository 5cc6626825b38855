// A request that is no event, delivered by a broker: kept as it came, because whatever else it is answered, the broker forgets it.
import type { FastifyRequest } from 'fastify';
import { createHash } from 'node:crypto';
import type { CloudEvent } from '../core/cloudevent.ts';
import { platformSource, rejectionOf } from '../core/emitted.ts';
import type { CodedError } from '../core/errors.ts';
import { childOf, formatTraceparent, parseTraceparent } from '../core/trace-context.ts';
import { idsOf } from '../ops/refusals.ts';

const kept = /^(?:ce-.*|content-type|content-encoding)$/;

/** In binary mode the attributes are headers. One that came twice is one line, as RFC 9110, section 5.2 combines it. */
const eventHeaders = (rawHeaders: readonly string[]): Record<string, string> => {
  const found = new Map<string, string>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i]?.toLowerCase() ?? '', rawHeaders[i + 1] ?? ''];
    const before = found.get(name);
    if (kept.test(name)) found.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return Object.fromEntries(found);
};

/** Nobody knows its id, or can trust it: what it is made of stands for it, so that the same delivery is the same rejection. */
const digestOf = (headers: Record<string, string>, bytes: Buffer): string =>
  createHash('sha256').update(JSON.stringify(headers)).update('\0').update(bytes).digest('hex').slice(0, 32);

/** @param now milliseconds since the epoch */
export const rejectionOfRequest = (request: FastifyRequest, error: CodedError, now: number): CloudEvent => {
  const headers = eventHeaders(request.raw.rawHeaders);
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { traceparent } = request.headers;
  const origin = {
    cause: { source: platformSource, id: digestOf(headers, bytes) },
    correlationId: idsOf(request.headers).correlationId,
    traceparent: formatTraceparent(childOf(parseTraceparent(typeof traceparent === 'string' ? traceparent : undefined))),
  };
  return rejectionOf({ bytes, contentType: headers['content-type'], headers }, undefined, origin, error, now);
};
