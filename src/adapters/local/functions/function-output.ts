// What a function's process says: every line goes to the platform's log, one names its port, the last ones explain its end.
import type { Readable } from 'node:stream';
import type { Logger } from '../../../ops/logger.ts';
import { cleanLine, createLineSplitter } from '../lines.ts';

const tailLines = 20;
const tailCharacters = 2_000;
/** Of one stream. Who says more waits until the next second: a flood must not take the platform's time from the others. */
const bytesPerSecond = 2 ** 20;

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

const readLines = (stream: Readable, onLine: (line: string) => void): void => {
  const splitter = createLineSplitter((line) => {
    if (line.trim() !== '') onLine(line);
  });
  let since = performance.now();
  let bytes = 0;
  let pause: NodeJS.Timeout | undefined;
  stream.on('data', (chunk: Buffer) => {
    const now = performance.now();
    if (now - since >= 1_000) [since, bytes] = [now, 0];
    bytes += chunk.length;
    splitter.write(chunk);
    if (bytes <= bytesPerSecond || pause !== undefined) return;
    stream.pause();
    pause = setTimeout(
      () => {
        pause = undefined;
        stream.resume();
      },
      since + 1_000 - now,
    );
  });
  stream.once('end', () => splitter.end());
  stream.once('close', () => clearTimeout(pause));
  // The process is gone then, and its end is told elsewhere.
  stream.on('error', () => undefined);
};

type Spoken = { readonly level: Level; readonly msg: string; readonly fields: Record<string, unknown> };

const parseLine = (line: string, otherwise: Level): Spoken => {
  try {
    const value: unknown = line.startsWith('{') ? JSON.parse(line) : undefined;
    if (typeof value === 'object' && value !== null) {
      const { level, msg } = value as { level?: unknown; msg?: unknown };
      const fields = Object.fromEntries(Object.entries(value).filter(([name]) => !reserved.has(name)));
      return { level: levels.get(level) ?? otherwise, msg: typeof msg === 'string' ? cleanLine(msg) : '', fields };
    }
  } catch {
    // Text that happens to begin like an object.
  }
  return { level: otherwise, msg: line, fields: {} };
};

const portOf = ({ msg, fields: { port } }: Spoken): number | undefined =>
  msg === 'listening' && Number.isInteger(port) && Number(port) > 0 && Number(port) < 65_536 ? Number(port) : undefined;

/** Of a stack trace of Node: it tells nothing about the function, and would crowd out what does. */
const innerFrame = /^\s+at .*\bnode:/;

/** What a line says to a person: an error's text stands in a field of its own. */
const wordsOf = ({ msg, fields: { error, problems } }: Spoken): string[] =>
  [msg, error, ...(Array.isArray(problems) ? (problems as unknown[]) : [])]
    .filter((part) => typeof part === 'string' && part !== '')
    .flatMap((part) => String(part).split('\n'))
    .map(cleanLine)
    .filter((line) => !innerFrame.test(line));

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
  const tell = (line: string, otherwise: Level): Spoken => {
    const spoken = parseLine(line, otherwise);
    last.push(...wordsOf(spoken));
    last.splice(0, last.length - tailLines);
    logger[spoken.level](spoken.fields, spoken.msg);
    return spoken;
  };
  readLines(stdout, (line) => {
    const port = portOf(tell(line, 'info'));
    if (port !== undefined) listens(port);
  });
  readLines(stderr, (line) => tell(line, 'warn'));
  return { listening, tail: () => last.join('\n').slice(-tailCharacters) };
};
