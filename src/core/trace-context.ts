// W3C Trace Context, level 1: one trace runs from the event through the build to the served function.
import { randomUUID } from 'node:crypto';

export type TraceContext = { traceId: string; spanId: string; flags: string };

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** Section 3.2: version ff and ids of only zeros are invalid; a higher version may carry more fields. */
export const parseTraceparent = (value: string | undefined): TraceContext | undefined => {
  const [, version, traceId, spanId, flags, more] = traceparent.exec(value ?? '') ?? [];
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(spanId))
    return undefined;
  return { traceId, spanId, flags };
};

/** Of a random UUID, whose first and last digits are all random. Node draws many at once; asking for bytes costs ten times as much. */
const newSpanId = (): string => {
  const uuid = randomUUID();
  return uuid.slice(0, 8) + uuid.slice(-8);
};

export const newTrace = (): TraceContext => ({ traceId: newSpanId() + newSpanId(), spanId: newSpanId(), flags: '01' });

/** A child of the parent, or the root of a new trace. */
export const childOf = (parent: TraceContext | undefined): TraceContext =>
  parent === undefined ? newTrace() : { ...parent, spanId: newSpanId() };

export const formatTraceparent = ({ traceId, spanId, flags }: TraceContext): string => `00-${traceId}-${spanId}-${flags}`;
