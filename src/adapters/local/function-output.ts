// What a function's process says: every line goes to the platform's log, one names its port, the last ones explain its end.
import type { Readable } from 'node:stream';
import type { Logger } from '../../ops/logger.ts';

/** Longer lines are cut: one line must not fill the memory. */
const longestLine = 16_384;
const tailLines = 10;
const tailCharacters = 2_000;

type Level = 'trace' | 'debug' | 'info' | 'warn' | 'error';

/** A function's fatal is an error here: the platform goes on. */
const levels: ReadonlyMap<unknown, Level> = new Map<unknown, Level>([
  ...(['trace', 'debug', 'info', 'warn', 'error'] as const).map((level): [string, Level] => [level, level]),
  ['warning', 'warn'],
  ['fatal', 'error'],
]);

/** What the platform says of a line itself: a function must not speak as another one. */
const reserved: ReadonlySet<string> = new Set([
  'time',
  'level',
  'msg',
  'pid',
  'hostname',
  'process',
  'third_party_id',
  'parser_id',
  'build_id',
]);

const splitLines = (stream: Readable, onLine: (line: string) => void): void => {
  let rest = '';
  let cut = false;
  const endLine = (line: string): void => {
    const text = cut ? `${line.slice(0, longestLine)}…` : line.replace(/\r$/, '');
    cut = false;
    if (text.trim() !== '') onLine(text);
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      cut ||= line.length > longestLine;
      endLine(line);
    }
    cut ||= rest.length > longestLine;
    rest = rest.slice(0, longestLine);
  });
  stream.once('end', () => endLine(rest));
  // The process is gone then, and its end is told elsewhere.
  stream.on('error', () => undefined);
};

type Spoken = { level: Level; msg: string; fields: Record<string, unknown> };

const parseLine = (line: string, otherwise: Level): Spoken => {
  try {
    const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
    if (typeof value === 'object' && value !== null) {
      const { level, msg } = value as { level?: unknown; msg?: unknown };
      const fields = Object.fromEntries(Object.entries(value).filter(([name]) => !reserved.has(name)));
      return { level: levels.get(level) ?? otherwise, msg: typeof msg === 'string' ? msg : '', fields };
    }
  } catch {
    // Text that happens to begin like an object.
  }
  return { level: otherwise, msg: line, fields: {} };
};

const portOf = ({ msg, fields: { port } }: Spoken): number | undefined =>
  msg === 'listening' && Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : undefined;

export type FunctionOutput = {
  /** The port it listens on, once it says so. */
  readonly listening: Promise<number>;
  /** Its last lines, for a person. */
  tail(): string;
};

/** @param logger carries the ids of the function */
export const readOutput = (stdout: Readable, stderr: Readable, logger: Logger): FunctionOutput => {
  const { promise: listening, resolve: listens } = Promise.withResolvers<number>();
  const last: string[] = [];
  const remember = (line: string): void => {
    last.push(line);
    if (last.length > tailLines) last.shift();
  };
  const tell = (line: string, otherwise: Level): Spoken => {
    const spoken = parseLine(line, otherwise);
    remember(line);
    logger[spoken.level](spoken.fields, spoken.msg);
    return spoken;
  };
  splitLines(stdout, (line) => {
    const port = portOf(tell(line, 'info'));
    if (port !== undefined) listens(port);
  });
  splitLines(stderr, (line) => tell(line, 'warn'));
  return { listening, tail: () => last.join('\n').slice(-tailCharacters) };
};
