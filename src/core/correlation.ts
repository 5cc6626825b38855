// The ids that follow an event wherever it causes something.
import { hash } from 'node:crypto';
import type { CloudEvent } from './cloudevent.ts';
import type { Origin } from './emitted.ts';
import { childOf, formatTraceparent, parseTraceparent } from './trace-context.ts';

const readable = /^[\x21-\x7e]{1,128}$/;

/** The sender's correlation id (extension, then header), or one derived from the event: a retry of the event gets the same. */
export const correlationIdOf = (event: CloudEvent, header?: string): string => {
  for (const given of [event.extensions.correlationid, header]) {
    if (typeof given === 'string' && readable.test(given)) return given;
  }
  return hash('sha256', `${event.source}\0${event.id}`).slice(0, 32);
};

/** @param headers the transport's own correlation id and traceparent, used where the event has none, or none that can be read */
export const originOf = (
  event: CloudEvent,
  headers: { correlationId?: string | undefined; traceparent?: string | undefined } = {},
): Origin => {
  const { traceparent } = event.extensions;
  const own = typeof traceparent === 'string' ? parseTraceparent(traceparent) : undefined;
  return {
    cause: { source: event.source, id: event.id },
    correlationId: correlationIdOf(event, headers.correlationId),
    traceparent: formatTraceparent(childOf(own ?? parseTraceparent(headers.traceparent))),
  };
};

/** The event with the ids it is followed by, where it brought none of its own: whoever handles it next goes on with the same trace. */
export const carrying = (event: CloudEvent, { correlationId, traceparent }: Origin): CloudEvent => ({
  ...event,
  extensions: { correlationid: correlationId, ...event.extensions, traceparent },
});
