// From the start of the process to /readyz, and the memory it holds then: the bundle of the whole platform against bare Fastify.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cores } from './support/cores.ts';
import { median } from './support/median.ts';
import { residentBytes } from './support/process-facts.ts';
import type { Bench, Row } from './support/report.ts';
import { startServer, type Startable } from './support/server-process.ts';

type Start = { ms: number; mebibytes: number };

const measure = async (cores: Cores, startable: Startable): Promise<Start> => {
  const server = await startServer(cores, startable);
  const start = { ms: server.startedInMs, mebibytes: residentBytes(server.pid) / 2 ** 20 };
  await server.stop();
  return start;
};

const mediansOf = (starts: readonly Start[]): Start => ({
  ms: median(starts.map(({ ms }) => ms)),
  mebibytes: median(starts.map(({ mebibytes }) => mebibytes)),
});

const shown = ({ ms, mebibytes }: Start): string => `${Math.round(ms)} ms, ${Math.round(mebibytes)} MiB`;

/** @param bundle dist/local/main.js @param starts of each, in turns */
export const createStartupBench = (cores: Cores, bundle: string, starts: number): Bench => ({
  name: 'start',
  about: `${starts} starts of each, in turns`,
  run: async (): Promise<Row[]> => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-start-'));
    const bare: Startable = { script: [join(import.meta.dirname, 'door', 'string-body.ts')], readyPath: '/readyz' };
    const ours: Startable = { script: [bundle], environment: { DATA_DIR: folder, LOG_LEVEL: 'info' }, readyPath: '/readyz' };
    const found = { bare: [] as Start[], ours: [] as Start[] };
    try {
      // The first start of each fills caches that every later one has.
      await measure(cores, ours);
      await measure(cores, bare);
      for (let round = 0; round < starts; round++) {
        found.ours.push(await measure(cores, ours));
        found.bare.push(await measure(cores, bare));
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const [mine, theirs] = [mediansOf(found.ours), mediansOf(found.bare)];
    const against = `bare Fastify: ${shown(theirs)}`;
    return [
      { bench: 'start', what: 'to /readyz', medians: shown(mine), comparisons: [{ against, ratio: mine.ms / theirs.ms }] },
      {
        bench: 'start',
        what: 'resident memory',
        medians: shown(mine),
        comparisons: [{ against, ratio: mine.mebibytes / theirs.mebibytes }],
      },
    ];
  },
});
