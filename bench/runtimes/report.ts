// The numbers as a table, and the ratios that the aims are about.
import type { Measured } from './measure.ts';

interface Aim {
  readonly words: string;
  readonly ratio: number;
  readonly holds: boolean;
}

const headings = [
  'language',
  'server',
  'role',
  'cold start ms',
  'of it on core',
  'requests/s',
  'µs on core each',
  'p99 ms',
  'resident MB',
  'failures',
];

function row(one: Measured): string[] {
  return [
    one.contestant.language,
    one.contestant.name,
    one.contestant.role,
    one.coldStartMs.toFixed(1),
    one.coldStartProcessorMs.toFixed(1),
    Math.round(one.requestsPerSecond).toString(),
    one.processorUsPerRequest.toFixed(1),
    one.p99Ms.toString(),
    one.residentMb.toFixed(0),
    one.failures.toString(),
  ];
}

export function table(measured: readonly Measured[]): string {
  const rows = [headings, ...measured.map(row)];
  const widths = headings.map((_, column) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(headings), rule, ...measured.map((one) => line(row(one)))].join('\n');
}

const atMost = (words: string, ratio: number, bound: number): Aim => ({
  words: `${words} (aim: at most ${bound.toFixed(2)})`,
  ratio,
  holds: ratio <= bound,
});
const atLeast = (words: string, ratio: number, bound: number): Aim => ({
  words: `${words} (aim: at least ${bound.toFixed(2)})`,
  ratio,
  holds: ratio >= bound,
});

function aimsAgainstPeers(ours: Measured, peers: readonly Measured[]): Aim[] {
  if (peers.length === 0) return [];
  const quickest = Math.min(...peers.map((peer) => peer.coldStartMs));
  const busiest = Math.max(...peers.map((peer) => peer.requestsPerSecond));
  const [coldStart, throughput] = ours.contestant.language === 'nodejs' ? [0.4, 4] : [1, 1];
  return [
    atMost("cold start against the better peer's", ours.coldStartMs / quickest, coldStart),
    atLeast("requests/s against the better peer's", ours.requestsPerSecond / busiest, throughput),
  ];
}

function aimsOf(language: string, measured: readonly Measured[]): Aim[] {
  const of = (role: string): Measured[] =>
    measured.filter(({ contestant }) => contestant.language === language && contestant.role === role);
  const [ours] = of('ours');
  const [floor] = of('floor');
  if (ours === undefined || floor === undefined) return [];
  return [
    atMost("cold start against the floor's", ours.coldStartMs / floor.coldStartMs, 1.3),
    atLeast("requests/s against the floor's", ours.requestsPerSecond / floor.requestsPerSecond, 0.7),
    atMost("time on a core to the first reply against the floor's", ours.coldStartProcessorMs / floor.coldStartProcessorMs, 1.3),
    atMost(
      "time on a core for each request against the floor's",
      ours.processorUsPerRequest / floor.processorUsPerRequest,
      1 / 0.7,
    ),
    ...aimsAgainstPeers(ours, of('peer')),
  ];
}

export function aims(measured: readonly Measured[]): string {
  const languages = [...new Set(measured.map(({ contestant }) => contestant.language))];
  return languages
    .flatMap((language) =>
      aimsOf(language, measured).map(
        ({ words, ratio, holds }) => `${holds ? 'met   ' : 'MISSED'} ${language}: ${words}: ${ratio.toFixed(2)}`,
      ),
    )
    .join('\n');
}
