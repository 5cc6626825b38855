// The consumer as a process of its own, killed and started again.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export type ConsumerProcess = {
  address: string;
  /** SIGKILL, in the middle of whatever it does, and a new one at once. */
  killAndStart(): Promise<void>;
  /** Its answer to a request; asked again while it is away. */
  ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>>;
  stop(): Promise<number | null>;
};

const main = join(import.meta.dirname, '../../../src/dlq-consumer/main.ts');

export const startConsumerProcess = (environment: Record<string, string>, port: number, logFile: string): ConsumerProcess => {
  const log = createWriteStream(logFile, { flags: 'a' });
  const start = (): ChildProcess => {
    const child = spawn(process.execPath, [main], {
      env: { PATH: process.env.PATH, ...environment, PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return child;
  };
  let child = start();
  const address = `http://127.0.0.1:${port}`;
  return {
    address,
    killAndStart: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      child = start();
    },
    ask: async (method, path, body) => {
      for (;;) {
        try {
          const response = await fetch(`${address}${path}`, {
            method,
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          if (response.status < 500) return (await response.json()) as Record<string, unknown>;
        } catch {
          // It is being killed, or starting.
        }
        await sleep(200);
      }
    },
    stop: async () => {
      const gone = once(child, 'exit') as Promise<[number | null]>;
      child.kill('SIGTERM');
      const [code] = await gone;
      return code;
    },
  };
};
