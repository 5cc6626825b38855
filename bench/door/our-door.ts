// The platform as it runs in production: its bundle, limits and metrics and log lines on. Only the limits are out of reach, and the
// function that the duplicates are about is built and deployed.
import { mkdir, open, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cores } from '../support/cores.ts';
import { startServer, type RunningServer } from '../support/server-process.ts';
import { duplicate, sourceKey } from './messages.ts';

export type OurDoor = RunningServer & {
  /** Log lines of tens of thousands of events in each second: kept only for as long as they are measured. */
  emptyLog: () => Promise<void>;
};

const outOfReach = {
  TENANT_EVENTS_PER_MINUTE: '600000000',
  TENANT_EVENTS_BURST: '100000000',
  GLOBAL_EVENTS_PER_SECOND: '10000000',
  GLOBAL_EVENTS_BURST: '100000000',
  STORAGE_REQUESTS_PER_SECOND: '10000000',
  STORAGE_REQUESTS_BURST: '100000000',
};

const patienceMs = 60_000;

const post = async (url: string): Promise<{ status: string }> => {
  const response = await fetch(`${url}/cloudevents`, { method: 'POST', headers: duplicate.headers, body: duplicate.body });
  return (await response.json()) as { status: string };
};

/** The first event builds and deploys; every later one finds that there is nothing to do. */
const untilDuplicate = async (url: string): Promise<void> => {
  const begun = Date.now();
  while ((await post(url)).status !== 'skipped' || !(await isReady(url))) {
    if (Date.now() - begun > patienceMs) throw new Error('The function of the benchmark was not built');
    await sleep(200);
  }
};

const isReady = async (url: string): Promise<boolean> => {
  const response = await fetch(`${url}/functions/acme-corp/price_feed`);
  return response.ok && ((await response.json()) as { ready: boolean }).ready;
};

/** @param folder an empty one */
export const startOurDoor = async (cores: Cores, bundle: string, folder: string): Promise<OurDoor> => {
  const sources = join(folder, 'sources');
  await mkdir(dirname(join(sources, sourceKey)), { recursive: true });
  await writeFile(join(sources, sourceKey), 'export const handle = (data) => ({ received: data });\n');
  const log: FileHandle = await open(join(folder, 'log'), 'a');
  const server = await startServer(cores, {
    script: [bundle],
    readyPath: '/readyz',
    output: log.fd,
    environment: {
      ...outOfReach,
      HOME: folder,
      LOG_LEVEL: 'info',
      DATA_DIR: join(folder, 'data'),
      SOURCES_DIR: sources,
      SCALE_TO_ZERO_SECONDS: '1',
    },
  });
  await untilDuplicate(server.url);
  const stop = async (): Promise<void> => {
    await server.stop();
    await log.close();
  };
  return { ...server, stop, emptyLog: () => log.truncate() };
};
