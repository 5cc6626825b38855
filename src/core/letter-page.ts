// A page of parked letters out of their index; the cursor is the position of the page's last letter.
import { CodedError } from './errors.ts';
import type { LetterIndex } from './letter-index.ts';
import type { LetterFilter, LetterSummary } from './letter.ts';

const positionOf = (cursor: string): number => {
  if (!/^\d{1,15}$/.test(cursor))
    throw new CodedError('INVALID_QUERY', 'The cursor is not one that a list gave', { field: 'cursor' });
  return Number(cursor);
};

/** The last put first. @throws CodedError INVALID_QUERY for a cursor that is none */
export const pageOf = (
  index: LetterIndex,
  filter: LetterFilter,
  { limit, cursor }: { limit: number; cursor?: string },
): { items: LetterSummary[]; cursor?: string } => {
  const found = index.newest(filter, cursor === undefined ? Infinity : positionOf(cursor), limit + 1);
  const items = found.slice(0, limit);
  const last = items.at(-1);
  if (found.length <= limit || last === undefined) return { items };
  return { items, cursor: String(index.positionOf(last.id)) };
};
