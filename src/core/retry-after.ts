// RFC 9110, section 10.2.3: when to come back, in seconds or as a date.

/** Milliseconds from now, 0 for a moment that is over; undefined when the header says nothing that can be understood. */
export const retryAfterMs = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  // Only the three forms of an HTTP date begin with the day's name.
  const isDate = /^[A-Za-z]{3,9},? /.test(text);
  // The oldest form names no zone; all are in UTC.
  const moment = isDate ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : NaN;
  return Number.isNaN(moment) ? undefined : Math.max(0, moment - now);
};
