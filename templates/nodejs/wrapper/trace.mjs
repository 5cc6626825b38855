// The ids that follow an event: W3C Trace Context, and the correlation id. The builder derives both in the same way.

const version0 = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
// Section 3.2: version ff is invalid; a higher version may carry more fields.
const higherVersion = /^(?!00|ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?$/;
const readable = /^[\x21-\x7e]{1,128}$/;

/** Ids need to be unlike each other, not unforeseeable; node:crypto would cost a cold start its milliseconds. */
const randomDigits = () => (((Math.random() * 0xffffffff) >>> 0) + 1).toString(16).padStart(8, '0');

const processDigits = randomDigits();
let count = 0;

/** Unlike in this process by the count, unlike in others by chance. */
function newSpanId() {
  count = (count + 1) >>> 0;
  return processDigits + count.toString(16).padStart(8, '0');
}

const newTraceId = () => randomDigits() + randomDigits() + randomDigits() + randomDigits();

const isTraceparent = (text) => typeof text === 'string' && (version0.test(text) || higherVersion.test(text));

/** The trace of the event, else of the request, else a new one; the execution is a span of it. */
export function traceOf(event, header) {
  const parent = isTraceparent(event.traceparent) ? event.traceparent : isTraceparent(header) ? header : undefined;
  if (parent === undefined) return { traceId: newTraceId(), spanId: newSpanId(), flags: '01' };
  return { traceId: parent.slice(3, 35), spanId: newSpanId(), flags: parent.slice(53, 55) };
}

/** The sender's own, or one that a retry of the event gets again. */
export function correlationOf({ correlationid, source, id }) {
  if (typeof correlationid === 'string' && readable.test(correlationid)) return correlationid;
  const { hash } = process.getBuiltinModule('node:crypto');
  return hash('sha256', `${source}\0${id}`, 'hex').slice(0, 32);
}
