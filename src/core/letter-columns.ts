// Rows of letter summaries as columns of numbers, each distinct text once: 50,000 letters are a few megabytes.
import { categories, type Category } from './dead-letter.ts';
import type { LetterFilter, LetterSummary } from './letter.ts';

const textColumns = ['reason', 'destination', 'tenant', 'function', 'type', 'eventSource'] as const;
const filteredTexts = ['tenant', 'function', 'type', 'destination'] as const;
type TextColumn = (typeof textColumns)[number];

/** A text as it is kept: a reason is cut, since a hostile one could be of any length. */
const maxTextLength = 512;
const cut = (text: string | undefined): string | undefined =>
  text !== undefined && text.length > maxTextLength ? text.slice(0, maxTextLength) : text;

/** Texts by number. Number 0 is "not there". */
const createTexts = () => {
  const numbers = new Map<string, number>();
  const texts: (string | undefined)[] = [undefined];
  return {
    numberOf: (text: string | undefined): number => {
      if (text === undefined) return 0;
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, texts.length);
      return texts.push(text) - 1;
    },
    textOf: (number: number): string | undefined => texts[number],
  };
};

export type LetterColumns = {
  /** How many rows were written; the next one is written there. */
  readonly length: number;
  /** `position` is where the letter is stored: later stored letters have higher ones. Returns the row. */
  append(letter: LetterSummary, position: number): number;
  read(row: number): LetterSummary;
  positionOf(row: number): number;
  lastFailedAtOf(row: number): number;
  matches(row: number, filter: LetterFilter): boolean;
  erase(row: number): void;
};

const allocate = (capacity: number) => ({
  positions: new Float64Array(capacity),
  firstFailures: new Float64Array(capacity),
  lastFailures: new Float64Array(capacity),
  attempts: new Uint16Array(capacity),
  categories: new Uint8Array(capacity),
  texts: Object.fromEntries(textColumns.map((name) => [name, new Uint32Array(capacity)])) as Record<TextColumn, Uint32Array>,
});

type Arrays = ReturnType<typeof allocate>;

/** The same rows, with room for as many again. */
const doubled = (old: Arrays): Arrays => {
  const larger = allocate(2 * old.positions.length);
  larger.positions.set(old.positions);
  larger.firstFailures.set(old.firstFailures);
  larger.lastFailures.set(old.lastFailures);
  larger.attempts.set(old.attempts);
  larger.categories.set(old.categories);
  for (const name of textColumns) larger.texts[name].set(old.texts[name]);
  return larger;
};

const isWithin = (failedAt: number, { failedBefore = Infinity, failedAfter = -Infinity }: LetterFilter): boolean =>
  failedAt < failedBefore && failedAt >= failedAfter;

/** @param capacity rows before the columns grow for the first time */
export const createLetterColumns = (capacity: number): LetterColumns => {
  const texts = createTexts();
  const ids: (string | undefined)[] = [];
  const eventIds: (string | undefined)[] = [];
  let columns = allocate(capacity);
  const textAt = (name: TextColumn, row: number): string | undefined => texts.textOf(columns.texts[name][row] ?? 0);
  const categoryAt = (row: number): Category => categories[columns.categories[row] ?? 0] ?? 'unknown';

  return {
    get length() {
      return ids.length;
    },
    append: (letter, position) => {
      if (ids.length === columns.positions.length) columns = doubled(columns);
      const row = ids.push(letter.id) - 1;
      eventIds.push(cut(letter.eventId));
      columns.positions[row] = position;
      columns.firstFailures[row] = letter.firstFailedAt;
      columns.lastFailures[row] = letter.lastFailedAt;
      columns.attempts[row] = Math.min(letter.attempts, 65_535);
      columns.categories[row] = categories.indexOf(letter.category);
      for (const name of textColumns) columns.texts[name][row] = texts.numberOf(cut(letter[name]));
      return row;
    },
    read: (row) => {
      const found: Record<string, unknown> = {
        id: ids[row],
        category: categoryAt(row),
        attempts: columns.attempts[row],
        firstFailedAt: columns.firstFailures[row],
        lastFailedAt: columns.lastFailures[row],
      };
      for (const name of textColumns) {
        const text = textAt(name, row);
        if (text !== undefined) found[name] = text;
      }
      if (eventIds[row] !== undefined) found.eventId = eventIds[row];
      return found as LetterSummary;
    },
    positionOf: (row) => columns.positions[row] ?? 0,
    lastFailedAtOf: (row) => columns.lastFailures[row] ?? 0,
    matches: (row, filter) =>
      isWithin(columns.lastFailures[row] ?? 0, filter) &&
      (filter.category === undefined || categoryAt(row) === filter.category) &&
      filteredTexts.every((name) => filter[name] === undefined || textAt(name, row) === filter[name]),
    erase: (row) => {
      ids[row] = undefined;
      eventIds[row] = undefined;
    },
  };
};
