import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTimestamp } from '../../../src/core/timestamp.ts';
import { timestamps } from './arbitraries.ts';

describe('a timestamp (RFC 3339)', () => {
  it('is everything that the grammar builds', () => {
    fc.assert(fc.property(timestamps, isTimestamp), { numRuns: 500 });
  });

  it.each([
    '2018-04-05T17:31:00Z',
    '1996-12-19T16:39:57-08:00',
    '1937-01-01T12:00:27.87+00:20',
    '2020-02-29T00:00:00Z',
    '0000-02-29T00:00:00Z',
    '1990-12-31T23:59:60Z',
    '1990-12-31T15:59:60-08:00',
    '1990-12-31t23:59:60.5z',
    '9999-12-31T23:59:59.999999999Z',
  ])('may be %s', (time) => {
    expect(isTimestamp(time)).toBe(true);
  });

  it.each([
    ['a date alone', '2018-04-05'],
    ['no zone', '2018-04-05T17:31:00'],
    ['a space for the T', '2018-04-05 17:31:00Z'],
    ['month 0', '2018-00-05T17:31:00Z'],
    ['month 13', '2018-13-05T17:31:00Z'],
    ['day 0', '2018-04-00T17:31:00Z'],
    ['day 31 of a month with 30', '2018-04-31T17:31:00Z'],
    ['day 32', '2018-01-32T17:31:00Z'],
    ['the 29th of February in a year that has none', '2019-02-29T00:00:00Z'],
    ['the 29th of February 1900, no leap year', '1900-02-29T00:00:00Z'],
    ['hour 24', '2018-04-05T24:00:00Z'],
    ['minute 60', '2018-04-05T17:60:00Z'],
    ['second 61', '2018-12-31T23:59:61Z'],
    ['a leap second in the middle of the day', '2018-04-05T17:31:60Z'],
    ['a leap second in the middle of a month', '1990-12-30T23:59:60Z'],
    ['a leap second that ends no month in UTC', '1990-12-31T23:59:60-08:00'],
    ['a zone of 24 hours', '2018-04-05T17:31:00+24:00'],
    ['a zone without a colon', '2018-04-05T17:31:00+0100'],
    ['a fraction without digits', '2018-04-05T17:31:00.Z'],
    ['a comma in the fraction', '2018-04-05T17:31:00,5Z'],
    ['one digit for the month', '2018-4-05T17:31:00Z'],
    ['five digits for the year', '12018-04-05T17:31:00Z'],
    ['words only', 'yesterday'],
    ['seconds since 1970', '1522949460'],
    ['nothing at all', ''],
    ['a line feed after it', '2018-04-05T17:31:00Z\\n'],
  ])('is not one with %s', (_, time) => {
    expect(isTimestamp(time)).toBe(false);
  });

  it('is one for exactly the days that the calendar has', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9999 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 31 }),
        (year, month, day) => {
          const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
          const days = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
          const date = [String(year).padStart(4, '0'), String(month).padStart(2, '0'), String(day).padStart(2, '0')].join('-');
          expect(isTimestamp(`${date}T00:00:00Z`)).toBe(day <= days);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
