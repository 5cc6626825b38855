// Which letters an operator means, as query parameters or members of a JSON body.
import Type, { type Static, type TObject } from 'typebox';
import { categories } from '../core/dead-letter.ts';
import { CodedError } from '../core/errors.ts';
import { idPattern } from '../core/function.ts';
import type { LetterFilter } from '../core/letter.ts';

const duration = Type.Optional(Type.String({ pattern: '^\\d{1,6}(?:\\.\\d{1,3})?[smhd]$' }));
const id = Type.Optional(Type.String({ pattern: idPattern }));

export const filterMembers = {
  third_party_id: id,
  parser_id: id,
  type: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
  category: Type.Optional(Type.Enum([...categories])),
  destination: Type.Optional(Type.String({ maxLength: 2048 })),
  /** `90s`, `10m`, `6h`, `7d`: since the last failure. */
  older_than: duration,
  newer_than: duration,
};

type Filter = Partial<Static<TObject<typeof filterMembers>>>;

const unitMs: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const millisecondsOf = (text: string): number => Number(text.slice(0, -1)) * (unitMs[text.slice(-1)] ?? NaN);

export const filterOf = (query: Filter, now: number): LetterFilter => {
  const filter: LetterFilter = {
    ...(query.third_party_id === undefined ? {} : { tenant: query.third_party_id }),
    ...(query.parser_id === undefined ? {} : { function: query.parser_id }),
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.category === undefined ? {} : { category: query.category }),
    ...(query.destination === undefined ? {} : { destination: query.destination }),
    ...(query.older_than === undefined ? {} : { failedBefore: now - millisecondsOf(query.older_than) }),
    ...(query.newer_than === undefined ? {} : { failedAfter: now - millisecondsOf(query.newer_than) }),
  };
  if ((filter.failedAfter ?? -Infinity) >= (filter.failedBefore ?? Infinity)) {
    throw new CodedError('INVALID_QUERY', 'No letter can be newer than "newer_than" and older than "older_than"', {
      field: 'older_than',
    });
  }
  return filter;
};
