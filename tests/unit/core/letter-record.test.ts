import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { bytesOf } from '../../../src/core/event-data.ts';
import { fromRecord, toRecord, type LetterRecord } from '../../../src/core/letter-record.ts';
import type { DeadLetter } from '../../../src/core/letter.ts';
import { letters } from './letters.ts';
import { codeAndField } from './refusal.ts';

const comparable = ({ event, ...rest }: DeadLetter) => ({
  ...rest,
  ...(event === undefined ? {} : { event: { ...event, data: bytesOf(event) } }),
});
const kept = (letter: DeadLetter) => JSON.parse(JSON.stringify(toRecord(letter))) as LetterRecord;

describe('a letter that is kept as JSON', () => {
  it('is the same letter when it is read again, an event or bytes', () => {
    fc.assert(fc.property(letters, (letter) => expect(comparable(fromRecord(kept(letter)))).toEqual(comparable(letter))));
  });

  it('of another version keeps its place under a category that is retried', () => {
    fc.assert(
      fc.property(letters, (letter) => fromRecord({ ...kept(letter), category: 'from_the_future' }).category === 'unknown'),
    );
  });

  it('is refused when its event is none', () => {
    const [letter] = fc.sample(letters, { numRuns: 1, seed: 1 });
    if (letter === undefined) throw new Error('no sample');
    const record = Object.fromEntries(Object.entries(kept(letter)).filter(([name]) => name !== 'raw')) as LetterRecord;
    expect(codeAndField(() => fromRecord({ ...record, event: { id: '1' } })).code).toBe('MISSING_ATTRIBUTE');
  });
});
