// The whole platform for a test, on folders of its own: in this process, or as the process a person starts.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localSettings } from '../../../src/local/config.ts';
import { startLocal } from '../../../src/local/start-local.ts';
import { readConfig } from '../../../src/ops/config.ts';
import { createLogger } from '../../../src/ops/logger.ts';

const templates = resolve('templates');

/** Limits are not what these tests are about. */
const unlimited = {
  TENANT_EVENTS_PER_MINUTE: '600000',
  TENANT_EVENTS_BURST: '100000',
  GLOBAL_EVENTS_PER_SECOND: '10000',
  GLOBAL_EVENTS_BURST: '100000',
  PACKING_PER_MINUTE: '60000',
  PACKING_BURST: '1000',
  PACKING_WAIT_SECONDS: '60',
  STORAGE_REQUESTS_PER_SECOND: '10000',
  STORAGE_REQUESTS_BURST: '100000',
  JOB_STARTS_PER_MINUTE: '60000',
  JOB_STARTS_BURST: '1000',
  DELIVERY_BACKOFF_MS: '50',
  LOG_LEVEL: 'warn',
  PORT: '0',
};

export type Answer = { status: number; body: Record<string, unknown> };

export type Folders = { root: string; data: string; sources: string; remove(): Promise<void> };

export const createFolders = async (): Promise<Folders> => {
  const root = await mkdtemp(join(tmpdir(), 'knative-lambda-e2e-'));
  return {
    root,
    data: join(root, 'data'),
    sources: join(root, 'sources'),
    remove: () => rm(root, { recursive: true, force: true }),
  };
};

export const writeSource = async ({ sources }: Folders, files: Record<string, string>): Promise<void> => {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(sources, path)), { recursive: true });
    await writeFile(join(sources, path), content);
  }
};

/** The repository's templates, with a build that takes at least so long. */
export const slowTemplates = async ({ root }: Folders, seconds: number): Promise<string> => {
  const folder = join(root, 'templates');
  await cp(templates, folder, { recursive: true });
  const script = join(folder, 'nodejs/build/compile.sh');
  await writeFile(script, `sleep ${seconds}\n${await readFile(script, 'utf8')}`);
  return folder;
};

export const environmentOf = (folders: Folders, settings: Record<string, string> = {}): Record<string, string> => ({
  ...unlimited,
  DATA_DIR: folders.data,
  SOURCES_DIR: folders.sources,
  ...settings,
});

export type Client = {
  address: string;
  post(type: string, data: object, attributes?: Record<string, string>): Promise<Answer>;
  get(path: string): Promise<Answer>;
};

let count = 0;

export const createClient = (address: string): Client => ({
  address,
  post: async (type, data, attributes = {}) => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': `event-${++count}`,
      'ce-source': 'test',
      'ce-type': `network.notifi.lambda.${type}`,
      ...attributes,
    };
    const response = await fetch(`${address}/cloudevents`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(data),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  },
  get: async (path) => {
    const response = await fetch(`${address}${path}`);
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  },
});

/** In this process. */
export const startHere = async (
  folders: Folders,
  settings: Record<string, string> = {},
  templatesFolder = templates,
): Promise<Client & { close(): Promise<void> }> => {
  const config = readConfig(localSettings, environmentOf(folders, settings));
  const logger = await createLogger({ level: config.LOG_LEVEL, pretty: false, name: 'test' });
  const local = await startLocal(config, process.env, logger, templatesFolder);
  return { ...createClient(local.address), close: () => local.close() };
};

export type Started = Client & { process: ChildProcess; log(): string; ended: Promise<number | null> };

/** As its own process, which can be killed. Resolves once it is ready. */
export const startProcess = async (folders: Folders, settings: Record<string, string> = {}): Promise<Started> => {
  const child = spawn(process.execPath, ['src/local/main.ts'], {
    env: { PATH: process.env.PATH, ...environmentOf(folders, { LOG_LEVEL: 'info', ...settings }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk.toString()));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const address = await until(
    `the platform is ready`,
    () =>
      /"address":"([^"]+)".*"msg":"ready"/.exec(chunks.join(''))?.[1] ??
      (child.exitCode === null ? undefined : fail(chunks.join(''))),
  );
  return { ...createClient(address), process: child, log: () => chunks.join(''), ended };
};

const fail = (message: string): never => {
  throw new Error(message);
};

/** Polls until there is a value. */
export const until = async <T>(what: string, look: () => Promise<T | undefined> | T | undefined, ms = 30_000): Promise<T> => {
  const deadline = Date.now() + ms;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Waited ${ms} ms in vain until ${what}`);
    await sleep(25);
  }
};

/** Process groups that builds and functions on this data directory have left running. */
export const groupsLeft = async ({ data }: Folders): Promise<string[]> => {
  const left: string[] = [];
  for (const folder of ['build-processes', 'function-processes']) {
    for (const name of await readdir(join(data, folder)).catch(() => [])) {
      try {
        process.kill(-Number(name.split('.')[0]), 0);
        left.push(`${folder}/${name}`);
      } catch {
        // The group is gone; only its note was left.
      }
    }
  }
  return left;
};
