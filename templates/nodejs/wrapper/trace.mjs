// The ids that follow an event: W3C Trace Context, and the correlation id. The builder derives both in the same way.

const traceparent = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const readable = /^[\x21-\x7e]{1,128}$/;

/** Ids need to be unlike each other, not unforeseeable; node:crypto would cost a cold start its milliseconds. */
function randomDigits(count) {
  let digits = '';
  while (digits.length < count) digits += ((Math.random() * 0xffffffff) >>> 0 || 1).toString(16).padStart(8, '0');
  return digits;
}

/** Section 3.2: version ff and ids of only zeros are invalid; a higher version may carry more fields. */
function parse(text) {
  const parts = typeof text === 'string' ? traceparent.exec(text) : null;
  if (parts === null) return undefined;
  const [, version, traceId, parentId, flags, more] = parts;
  if (version === 'ff' || (version === '00' && more !== undefined) || /^0+$/.test(traceId) || /^0+$/.test(parentId))
    return undefined;
  return { traceId, flags };
}

/** The trace of the event, else of the request, else a new one; the execution is a span of it. */
export function traceOf(event, header) {
  const parent = parse(event.traceparent) ?? parse(header);
  return { traceId: parent?.traceId ?? randomDigits(32), spanId: randomDigits(16), flags: parent?.flags ?? '01' };
}

/** The sender's own, or one that a retry of the event gets again. */
export function correlationOf({ correlationid, source, id }) {
  if (typeof correlationid === 'string' && readable.test(correlationid)) return correlationid;
  const { hash } = process.getBuiltinModule('node:crypto');
  return hash('sha256', `${source}\0${id}`, 'hex').slice(0, 32);
}
