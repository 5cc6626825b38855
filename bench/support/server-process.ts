// A server as a child process on the measured core, from its start to its first good answer to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from './cores.ts';
import { freePort } from './free-port.ts';

export type Startable = {
  /** Without the interpreter: scripts and their parameters. */
  script: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** A GET on it answers 200 once the server takes requests. */
  readyPath: string;
  /** Where its standard output goes: a file descriptor; by default nowhere. */
  output?: number;
};

export type RunningServer = {
  url: string;
  pid: number;
  /** From the call that started the process to the answer from `readyPath`, in milliseconds. */
  startedInMs: number;
  stop(): Promise<void>;
};

const patienceMs = 30_000;
const pollMs = 2;

const statusOf = (url: string): Promise<number | undefined> =>
  new Promise((resolve) => {
    get(url, { agent: false }, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    }).once('error', () => resolve(undefined));
  });

/** Its environment is the given one and the PATH: what is set on this machine changes no result. */
export const startServer = async (
  cores: Cores,
  { script, environment, readyPath, output }: Startable,
): Promise<RunningServer> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const [program = '', ...parameters] = cores.onMeasured([process.execPath, ...script]);
  const begun = performance.now();
  const child = spawn(program, parameters, {
    env: { PATH: process.env.PATH, PORT: String(port), ...environment },
    stdio: ['ignore', output ?? 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await ended;
    clearTimeout(killing);
  };
  while ((await statusOf(url + readyPath)) !== 200) {
    const waited = performance.now() - begun;
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`${script.join(' ')} ended before it answered`);
    if (waited > patienceMs) {
      await stop();
      throw new Error(`${script.join(' ')} did not answer in ${patienceMs} ms`);
    }
    await sleep(pollMs);
  }
  return { url, pid: child.pid ?? 0, startedInMs: performance.now() - begun, stop };
};
