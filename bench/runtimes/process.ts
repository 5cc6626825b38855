// Starts a contestant, waits for its first answer, and ends it with all its children.
import { spawn, type ChildProcess } from 'node:child_process';
import { connect, createServer, type AddressInfo } from 'node:net';
import type { Cores } from './cores.ts';
import { event, type Startable } from './contestant.ts';
import { processorMilliseconds } from './process-tree.ts';

const patienceMs = 30_000;

export interface Running {
  readonly port: number;
  readonly pid: number;
  readonly firstReplyMs: number;
  /** time on a core until then */
  readonly firstReplyProcessorMs: number;
  stop: () => Promise<void>;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

const headers = Object.entries(event.headers).map(([name, value]) => `${name}: ${value}\r\n`);
const request = `POST / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n${headers.join('')}content-length: ${Buffer.byteLength(event.body)}\r\n\r\n${event.body}`;

/** @returns the status, or nothing while nobody listens. */
function tryOnce(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    socket.setEncoding('latin1');
    socket.once('connect', () => socket.write(request));
    socket.on('data', (text: string) => (answer += text));
    socket.once('error', () => {
      resolve(undefined);
    });
    socket.once('close', () => {
      const status = Number(answer.split(' ')[1]);
      resolve(Number.isNaN(status) ? undefined : status);
    });
  });
}

async function firstReply(port: number, child: ChildProcess, name: string): Promise<number> {
  const began = performance.now();
  while (performance.now() - began < patienceMs) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} before it answered`);
    const status = await tryOnce(port);
    if (status !== undefined && status < 300) return performance.now() - began;
    if (status !== undefined) throw new Error(`${name} answered ${status}`);
  }
  throw new Error(`${name} did not answer within ${patienceMs} ms`);
}

export async function startContestant(name: string, { command, folder, environment }: Startable, cores: Cores): Promise<Running> {
  const port = await freePort();
  const [program, ...parameters] = cores.onServerCore(command);
  const child = spawn(program, parameters, {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment(port) },
    stdio: 'ignore',
    detached: true,
  });
  const ended = new Promise<void>((resolve) =>
    child.once('close', () => {
      resolve();
    }),
  );
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} did not start`);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) process.kill(-pid, 'SIGKILL');
    await ended;
  };
  try {
    const firstReplyMs = await firstReply(port, child, name);
    return { port, pid, firstReplyMs, firstReplyProcessorMs: processorMilliseconds(pid), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
