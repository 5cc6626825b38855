// RFC 3339. A Date alone would not do: it reads the 30th of February as the 1st of March, and knows no leap second.

const format =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A leap second is the last one of a month in UTC (section 5.7). */
const endsMonth = (leapSecond: string): boolean => {
  const secondBefore = Date.parse(leapSecond.toUpperCase().replace(/:60(?:\.\d+)?/, ':59'));
  return new Date(secondBefore + 1000).toISOString().endsWith('-01T00:00:00.000Z');
};

export const isTimestamp = (value: string): boolean => {
  if (!format.test(value)) return false;
  const date = value.slice(0, 10);
  // Every month has 28 days; for the others a calendar is asked.
  if (date.slice(8) > '28' && !new Date(date).toISOString().startsWith(date)) return false;
  return value.slice(17, 19) !== '60' || endsMonth(value);
};
