// Starts a built function as its image or local mode would, and reads what it says.
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolPath } from './build.ts';
import { readTemplate } from './context-folder.ts';
import { groupIsAlive, notePort, noteProcessGroup } from './leaks.ts';

export interface LogLine {
  readonly level?: string;
  readonly msg?: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface FunctionProcess {
  readonly port: number;
  readonly pid: number;
  /** every line it said, in order; `raw` keeps lines that are not JSON */
  readonly lines: LogLine[];
  readonly raw: string[];
  readonly ended: Promise<Exit>;
  /** waits for a line; fails after 10 s with all that was said */
  line: (matches: (line: LogLine) => boolean) => Promise<LogLine>;
  signal: (name: NodeJS.Signals) => void;
  /** ends it without asking; for tests that are not about its end */
  stop: () => Promise<void>;
}

export const tenant = 'acme-corp';
export const functionName = 'price_feed';

export interface StartOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** a command in front of the start command, for instance one that gives it a process namespace of its own */
  readonly before?: readonly string[];
}

interface Speech {
  readonly lines: LogLine[];
  readonly raw: string[];
}

function listen(child: ChildProcess): Speech {
  const speech: Speech = { lines: [], raw: [] };
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new Error('the function was started without pipes');
    createInterface({ input: stream }).on('line', (text) => {
      speech.raw.push(text);
      try {
        speech.lines.push(JSON.parse(text) as LogLine);
      } catch {
        // a runtime's own last words (a panic, a fatal error) are not JSON; `raw` has them
      }
    });
  }
  return speech;
}

export async function launch(language: string, root: string, options: StartOptions = {}): Promise<Omit<FunctionProcess, 'port'>> {
  const { start } = await readTemplate(language);
  const [command, ...parameters] = [...(options.before ?? []), ...start] as [string, ...string[]];
  const child = spawn(command, parameters, {
    cwd: root,
    env: {
      PATH: toolPath(),
      PORT: '0',
      HOST: '127.0.0.1',
      FUNCTION_TENANT: tenant,
      FUNCTION_NAME: functionName,
      ...options.environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve({ code, signal });
    });
  });
  const pid = child.pid;
  if (pid === undefined) return ended.then(() => Promise.reject(new Error(`${command} did not start`)));
  noteProcessGroup(pid);
  const speech = listen(child);
  const line = async (matches: (line: LogLine) => boolean): Promise<LogLine> => {
    for (let waited = 0; waited < 10_000; waited += 10) {
      const found = speech.lines.find(matches);
      if (found !== undefined) return found;
      await sleep(10);
    }
    throw new Error(`the function never said it. It said:\n${speech.raw.join('\n')}`);
  };
  const signal = (name: NodeJS.Signals): void => {
    if (groupIsAlive(pid)) process.kill(-pid, name);
  };
  const stop = async (): Promise<void> => {
    signal('SIGKILL');
    await ended;
    // Children that outlived it are somebody else's to bury, which takes a moment.
    for (let waited = 0; groupIsAlive(pid) && waited < 2_000; waited += 10) await sleep(10);
  };
  return { pid, ...speech, ended, line, signal, stop };
}

export async function startFunction(language: string, root: string, options: StartOptions = {}): Promise<FunctionProcess> {
  const started = await launch(language, root, options);
  const early = started.ended.then(({ code }) => {
    throw new Error(`the function ended with ${code} before it listened\n${started.raw.join('\n')}`);
  });
  early.catch(() => undefined);
  const { port } = await Promise.race([started.line(({ msg }) => msg === 'listening'), early]);
  if (typeof port !== 'number') throw new Error('the listening line names no port');
  notePort(port);
  return { ...started, port };
}
