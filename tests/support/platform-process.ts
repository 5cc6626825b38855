// The platform as a person starts it: a process of its own, with folders of its own, that a test may treat as badly as it likes.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { localSettings } from '../../src/local/config.ts';
import { readConfig } from '../../src/ops/config.ts';
import { answersOn, processesIn, startOf, untilNothing } from './leaks.ts';

export type LogLine = { level: string; msg: string } & Record<string, unknown>;

export type PlatformProcess = {
  readonly port: number;
  readonly pid: number;
  /** Holds `data` and `sources`, and nothing else. */
  readonly folder: string;
  readonly sources: string;
  /** All lines that it has logged so far. */
  readonly log: readonly LogLine[];
  /** Whether it is still the process that was started. */
  isAlive(): Promise<boolean>;
  /** Ends it as an operator would. @returns what is left of it, in words: an empty list is what a suite must end with */
  stop(): Promise<string[]>;
};

/** Limits are the subject of few tests; the others are not to meet them. */
const settings = {
  PORT: '0',
  LOG_PRETTY: 'false',
  TENANT_EVENTS_PER_MINUTE: '6000000',
  TENANT_EVENTS_BURST: '1000000',
  GLOBAL_EVENTS_PER_SECOND: '100000',
  GLOBAL_EVENTS_BURST: '1000000',
  PACKING_PER_MINUTE: '60000',
  PACKING_BURST: '1000',
  PACKING_WAIT_SECONDS: '60',
  STORAGE_REQUESTS_PER_SECOND: '10000',
  STORAGE_REQUESTS_BURST: '100000',
  MAX_CONCURRENT_JOBS: '1',
};

/** Lines as their writer means them: Node's own reader of lines would also end one at U+2028, which JSON may hold. */
async function* linesOf(child: ChildProcess): AsyncIterable<LogLine> {
  let rest = '';
  for await (const text of child.stdout?.setEncoding('utf8') ?? []) {
    const lines = `${rest}${text as string}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as LogLine;
  }
  if (rest !== '') throw new Error(`The log ends within a line: ${rest.slice(-200)}`);
}

/** Reads on for as long as the process runs. */
const follow = async (child: ChildProcess, log: LogLine[], ready: (line: LogLine) => void): Promise<void> => {
  for await (const line of linesOf(child)) {
    log.push(line);
    if (line.msg === 'ready') ready(line);
  }
};

const running = new Set<ChildProcess>();
// A test run that is interrupted must not leave a platform running.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

const stop = async (child: ChildProcess, folder: string, port: number): Promise<string[]> => {
  const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
  child.kill('SIGTERM');
  await ended;
  running.delete(child);
  const left = await untilNothing(() => processesIn(folder));
  if (child.exitCode !== 0) left.push(`exit code ${child.exitCode ?? child.signalCode}`);
  if (await answersOn(port)) left.push(`port ${port}`);
  await rm(folder, { recursive: true, force: true });
  return left;
};

/** @param more settings beside those above; a name that is none is an error here */
export const startPlatform = async (more: Readonly<Record<string, string>> = {}): Promise<PlatformProcess> => {
  const folder = await mkdtemp(join(tmpdir(), 'knative-lambda-http-'));
  const sources = join(folder, 'sources');
  await mkdir(sources);
  const environment = { ...settings, ...more, DATA_DIR: join(folder, 'data'), SOURCES_DIR: sources };
  for (const name of Object.keys(environment)) if (!(name in localSettings.properties)) throw new Error(`No setting ${name}`);
  readConfig(localSettings, environment);
  const child = spawn(process.execPath, ['src/local/main.ts'], {
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  running.add(child);
  const log: LogLine[] = [];
  const ready = Promise.withResolvers<LogLine>();
  const followed = follow(child, log, ready.resolve);
  followed.then(() => ready.reject(new Error('The platform ended before it was ready')), ready.reject);
  const { address } = await ready.promise;
  const port = Number(new URL(String(address)).port);
  const pid = child.pid ?? 0;
  const began = await startOf(pid);
  return {
    ...{ port, pid, folder, sources, log },
    isAlive: async () => child.exitCode === null && (await startOf(pid)) === began,
    stop: async () => {
      const left = await stop(child, folder, port);
      await followed;
      return left;
    },
  };
};
