// A builder as a process of its own: the bundle that the image has. It can be killed, and is started again as Kubernetes would.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type BuilderProcess = {
  address: string;
  readonly pid: number;
  /** Whether a service would send requests to it. */
  isReady(): boolean;
  /** SIGKILL, in the middle of whatever it does, and a new one at once. Resolves when that is ready. */
  killAndStart(): Promise<void>;
  /** Its exit code. */
  stop(): Promise<number | null>;
};

export const bundle = (name: string): string => join(import.meta.dirname, `../../../dist/${name}/main.js`);

/** As the Dockerfile sets it. */
const ofTheImage = { NODE_ENV: 'production', MALLOC_ARENA_MAX: '2' };

const patienceMs = 60_000;

const answersReady = async (address: string): Promise<boolean> => {
  try {
    return (await fetch(`${address}/readyz`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
};

const untilReady = async (child: ChildProcess, address: string): Promise<void> => {
  const begun = performance.now();
  while (!(await answersReady(address))) {
    if (child.exitCode !== null) throw new Error(`The builder ended with ${child.exitCode} before it was ready`);
    if (performance.now() - begun > patienceMs) throw new Error('The builder did not become ready');
    await sleep(50);
  }
};

/**
 * @param folder for its log and its temporary files
 * @param before a command that ends with `exec "$@"`
 */
export const startBuilderProcess = async (
  settings: Readonly<Record<string, string>>,
  port: number,
  folder: string,
  before: readonly string[] = [],
): Promise<BuilderProcess> => {
  const address = `http://127.0.0.1:${port}`;
  const temporary = join(folder, `temporary-${port}`);
  await mkdir(temporary, { recursive: true });
  const log = createWriteStream(join(folder, `builder-${port}.log`), { flags: 'a' });
  const start = (): ChildProcess => {
    const command = [...before, process.execPath, bundle('builder')];
    const child = spawn(command[0] ?? '', command.slice(1), {
      env: { PATH: process.env.PATH, TMPDIR: temporary, ...ofTheImage, ...settings, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  };
  let child = start();
  // Also when the drill itself ends badly.
  process.on('exit', () => child.kill('SIGKILL'));
  let ready = false;
  await untilReady(child, address);
  ready = true;
  return {
    address,
    get pid() {
      return child.pid ?? 0;
    },
    isReady: () => ready,
    killAndStart: async () => {
      ready = false;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      child = start();
      await untilReady(child, address);
      ready = true;
    },
    stop: async () => {
      ready = false;
      if (child.exitCode !== null) return child.exitCode;
      const gone = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      return (await gone)[0];
    },
  };
};
