// What a benchmark found, as one table: medians, ratios to what ran beside it, and whether a ratio meets its aim.

export type Comparison = { against: string; ratio: number; atLeast?: number; atMost?: number };
export type Row = {
  bench: string;
  what: string;
  /** With their units. */
  medians: string;
  comparisons?: readonly Comparison[];
};

export type Bench = { name: string; about: string; run(): Promise<Row[]> };

const verdictOf = ({ ratio, atLeast, atMost }: Comparison): string => {
  if (atLeast !== undefined) return `>= ${atLeast} ${ratio >= atLeast ? 'met' : 'MISSED'}`;
  if (atMost !== undefined) return `<= ${atMost} ${ratio <= atMost ? 'met' : 'MISSED'}`;
  return '';
};

const headings = ['bench', 'what', 'medians', 'against', 'ratio', 'aim'];

const linesOf = ({ bench, what, medians, comparisons = [] }: Row): string[][] => {
  const [first = ['', '', ''], ...more] = comparisons.map((one) => [one.against, one.ratio.toFixed(2), verdictOf(one)]);
  return [[bench, what, medians, ...first], ...more.map((cells) => ['', '', '', ...cells])];
};

export const table = (rows: readonly Row[]): string => {
  const lines = rows.flatMap(linesOf);
  const widths = headings.map((heading, column) => Math.max(heading.length, ...lines.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(headings), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...lines.map(line)].join('\n');
};
