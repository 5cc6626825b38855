// A local function platform on a folder of its own, with images that are folders, and what it must have given back at the end.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { FunctionPlatformOptions } from '../../src/adapters/local/functions/function-options.ts';
import {
  createLocalFunctionPlatform,
  type FunctionPlatformDeps,
  type LocalFunctionPlatform,
} from '../../src/adapters/local/functions/function-platform.ts';
import { createLogger } from '../../src/ops/logger.ts';
import type { FunctionState } from '../../src/ports.ts';
import type { Behaviour, FunctionPlatformHarness } from './function-platform.ts';

export type LocalBehaviour = Behaviour & { startsAfter?: number; neverReady?: boolean; ignoresTerm?: boolean };

export type LocalHarness = FunctionPlatformHarness & {
  readonly platform: LocalFunctionPlatform;
  readonly dataDir: string;
  readonly logs: Record<string, unknown>[];
  readonly settled: FunctionState[];
  readonly coldStarts: number[];
  /** Process groups of functions that the platform has written down. */
  pids(): Promise<number[]>;
  image(behaviour: LocalBehaviour): Promise<{ image: string; imageDigest: string }>;
  /** Another platform on the same folder, as after a restart. The one before must be closed or dead. */
  restart(): Promise<LocalFunctionPlatform>;
};

const server = fileURLToPath(new URL('function-server.mjs', import.meta.url));

/** A zombie is not alive: it waits for somebody to ask how it ended, for ever where nobody does. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return process.platform !== 'linux' || !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Folders that hold the server and what it is to do; the digest names them. */
const imagesIn = (folder: string) => ({
  image: async (behaviour: LocalBehaviour): Promise<{ image: string; imageDigest: string }> => {
    const text = JSON.stringify(behaviour);
    const imageDigest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const target = join(folder, imageDigest.slice(7));
    await mkdir(target, { recursive: true });
    await cp(server, join(target, 'server.mjs'));
    await writeFile(join(target, 'behaviour.json'), text);
    return { image: `local/functions:${imageDigest.slice(7, 19)}`, imageDigest };
  },
  folderOf: async (imageDigest: string): Promise<string | undefined> => {
    const names = await readdir(folder);
    return names.includes(imageDigest.slice(7)) ? join(folder, imageDigest.slice(7)) : undefined;
  },
});

export const createLocalHarness = async (
  options: Partial<FunctionPlatformOptions> = {},
  more: Partial<FunctionPlatformDeps> = {},
): Promise<LocalHarness> => {
  const dataDir = await mkdtemp(join(tmpdir(), 'function-platform-'));
  for (const folder of ['functions', 'function-processes', 'images']) await mkdir(join(dataDir, folder));
  const images = imagesIn(join(dataDir, 'images'));
  const logs: Record<string, unknown>[] = [];
  const settled: FunctionState[] = [];
  const coldStarts: number[] = [];
  let running = 0;
  const logger = await createLogger(
    { level: 'debug', pretty: false, name: 'test' },
    { write: (line) => void logs.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const open = (): Promise<LocalFunctionPlatform> =>
    createLocalFunctionPlatform(
      {
        imageFolder: images.folderOf,
        startCommand: () => Promise.resolve([process.execPath, 'server.mjs']),
        logger,
        onSettled: (state) => void settled.push(state),
        onColdStart: (seconds) => void coldStarts.push(seconds),
        onReplicas: (count) => void (running = count),
        ...more,
      },
      {
        dataDir,
        publicUrl: (ref) => `http://127.0.0.1:8080/functions/${ref.tenant}/${ref.function}/invoke`,
        environment: { PATH: process.env.PATH ?? '', GRPC_INSECURE: 'true' },
        drainMs: 5_000,
        readyTimeoutMs: 10_000,
        ...options,
      },
    );
  let platform = await open();
  const processes = join(dataDir, 'function-processes');
  const pids = async (): Promise<number[]> => (await readdir(processes)).map((name) => Number(name.split('.')[0]));
  return {
    get platform() {
      return platform;
    },
    dataDir,
    logs,
    settled,
    coldStarts,
    pids,
    image: images.image,
    restart: async () => (platform = await open()),
    close: async () => {
      const known = await pids();
      await platform.close();
      const left = [...new Set([...known, ...(await pids())])].filter(isAlive);
      // A note goes right after its process.
      for (let i = 0; i < 300 && (await pids()).length > 0; i++) await sleep(10);
      const noted = await pids();
      await rm(dataDir, { recursive: true, force: true });
      if (left.length > 0 || noted.length > 0 || running !== 0) {
        throw new Error(`left behind: processes ${left.join(', ')}; notes ${noted.join(', ')}; counted ${running}`);
      }
    },
  };
};
