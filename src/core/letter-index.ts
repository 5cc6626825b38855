// Which letters are parked, found by id, and listed by filter in the order in which they are stored.
import type { LetterFilter, LetterSummary } from './letter.ts';
import { createLetterColumns, type LetterColumns } from './letter-columns.ts';

export type LetterIndex = {
  /** `position` is where the letter is stored: later stored letters have higher ones. A letter of the same id is replaced. */
  add(letter: LetterSummary, position: number): void;
  /** Where the letter was, or undefined when it is not there. */
  remove(id: string): number | undefined;
  positionOf(id: string): number | undefined;
  /** At most `limit` letters, highest position first, all below `before`. */
  newest(filter: LetterFilter, before: number, limit: number): LetterSummary[];
  /** The ids of all that match, lowest position first. */
  matching(filter: LetterFilter): string[];
  readonly size: number;
  /** The earliest last failure of all letters; undefined when there is none. */
  oldestFailure(): number | undefined;
};

const oldestFailureOf = (rows: Iterable<number>, columns: LetterColumns): number | undefined => {
  let oldest = Infinity;
  for (const row of rows) oldest = Math.min(oldest, columns.lastFailedAtOf(row));
  return oldest === Infinity ? undefined : oldest;
};

/** @param initialCapacity rows before the columns grow for the first time */
export const createLetterIndex = (initialCapacity = 1024): LetterIndex => {
  let columns = createLetterColumns(initialCapacity);
  let rows = new Map<string, number>();
  let highest = -Infinity;
  let sorted = true;

  const append = (letter: LetterSummary, position: number): void => {
    rows.set(letter.id, columns.append(letter, position));
    sorted &&= position >= highest;
    highest = Math.max(highest, position);
  };

  /** When most rows are of removed letters, or letters were not added in their order. */
  const compact = (): void => {
    const old = columns;
    const kept = [...rows.values()].sort((a, b) => old.positionOf(a) - old.positionOf(b));
    columns = createLetterColumns(Math.max(initialCapacity, kept.length));
    rows = new Map();
    highest = -Infinity;
    sorted = true;
    for (const row of kept) append(old.read(row), old.positionOf(row));
  };

  const positionOf = (id: string): number | undefined => {
    const row = rows.get(id);
    return row === undefined ? undefined : columns.positionOf(row);
  };
  const remove = (id: string): number | undefined => {
    const row = rows.get(id);
    if (row !== undefined) columns.erase(row);
    return rows.delete(id) && row !== undefined ? columns.positionOf(row) : undefined;
  };
  const inOrder = (filter: LetterFilter): [id: string, row: number][] => {
    if (!sorted) compact();
    return [...rows].filter(([, row]) => columns.matches(row, filter)).sort(([, a], [, b]) => a - b);
  };

  return {
    add: (letter, position) => {
      remove(letter.id);
      if (columns.length > initialCapacity && columns.length > 2 * rows.size) compact();
      append(letter, position);
    },
    remove,
    positionOf,
    newest: (filter, before, limit) => {
      const older = inOrder(filter).filter(([, row]) => columns.positionOf(row) < before);
      const page = older.slice(-limit).reverse();
      return page.map(([, row]) => columns.read(row));
    },
    matching: (filter) => inOrder(filter).map(([id]) => id),
    get size() {
      return rows.size;
    },
    oldestFailure: () => oldestFailureOf(rows.values(), columns),
  };
};
