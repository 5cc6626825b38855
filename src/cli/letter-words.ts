// Letters, and what became of them, as lines for a terminal.

export type LetterRow = {
  id: string;
  category: string;
  reason: string;
  attempts: number;
  last_failed_at: string;
  third_party_id?: string;
  parser_id?: string;
  type?: string;
  event_id?: string;
};

export type Run = {
  run: string;
  state: string;
  matched: number;
  redriven: number;
  skipped: number;
  delivered: number;
  handed_to_broker: number;
  came_back: number;
  under_way: number;
  returned: { id: string; category: string; reason: string }[];
  error?: string;
};

// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/** Much of what is shown was written by a stranger: nothing of it may move the cursor or turn the line round. Line ends stay. */
export const printable = (text: string): string =>
  text.replace(unprintable, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);

const typePrefix = 'network.notifi.lambda.';
const ownerOf = ({ third_party_id: tenant, parser_id: name }: LetterRow): string =>
  tenant === undefined ? '–' : `${tenant}/${name ?? '–'}`;

const columns: readonly [heading: string, (letter: LetterRow) => string][] = [
  ['id', ({ id }) => id],
  ['last failed', (letter) => letter.last_failed_at.slice(0, 19).replace('T', ' ')],
  ['category', ({ category }) => category],
  ['tries', ({ attempts }) => String(attempts)],
  ['function', ownerOf],
  ['type', ({ type = '–' }) => (type.startsWith(typePrefix) ? type.slice(typePrefix.length) : type)],
  ['event', (letter) => letter.event_id ?? '–'],
  ['reason', ({ reason }) => reason],
];

/** One line for each, in columns; the last one is as long as it is. */
export const letterTable = (letters: readonly LetterRow[]): string => {
  const lines = [
    columns.map(([heading]) => heading),
    ...letters.map((letter) => columns.map(([, cell]) => printable(cell(letter)).replaceAll('\n', '\\n'))),
  ];
  const widths = columns.map((_, n) => Math.max(...lines.map((cells) => cells[n]?.length ?? 0)));
  return lines
    .map((cells) => cells.map((cell, n) => (n === columns.length - 1 ? cell : cell.padEnd(widths[n] ?? 0))).join('  '))
    .join('\n');
};

/** The broker's word is not a subscriber's. */
const outcomesOf = ({ delivered, handed_to_broker: taken, came_back: back }: Run): string =>
  `${delivered} delivered, ${taken === 0 ? '' : `${taken} handed to the broker, `}${back} came back`;

export const progressOf = (run: Run): string =>
  `${run.redriven + run.skipped} of ${run.matched} handed over: ${outcomesOf(run)}, ${run.under_way} under way`;

export const summaryOfRun = (run: Run): string =>
  [
    `${run.state}: ${outcomesOf(run)}, ${run.skipped} skipped${run.error === undefined ? '' : `; ${run.error}`}`,
    ...run.returned.map(({ id, category, reason }) => `  ${id}  ${category}  ${reason}`),
    ...(run.came_back > run.returned.length ? [`  and ${run.came_back - run.returned.length} more`] : []),
    ...(run.handed_to_broker > 0 ? ['  what was handed to the broker is parked again if its subscriber fails'] : []),
  ].join('\n');
