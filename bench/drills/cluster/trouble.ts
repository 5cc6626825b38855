// What goes wrong while the events come: builders are killed, the API server restarts, the object store has bad times.
import { setTimeout as sleep } from 'node:timers/promises';
import type { BuilderProcess } from '../../support/cluster/builder-process.ts';
import type { ClusterServers } from '../../support/cluster/servers.ts';
import type { BadProxy } from './bad-proxy.ts';
import type { Chance } from './chance.ts';

export type Trouble = { kills: number; restarts: number };

type Deps = {
  builders: readonly BuilderProcess[];
  servers: ClusterServers;
  storage: BadProxy;
  chance: Chance;
  say: (text: string) => void;
};

/** In ms since the begin: at which the API server restarts, by a crash and in order, and in which the object store is bad. */
const restartsAt = [
  [30_000, 'kill'],
  [72_000, 'stop'],
] as const;
const badTimes = [
  [12_000, 26_000],
  [45_000, 62_000],
  [80_000, 95_000],
] as const;
const badShare = 0.3;

const killBuilders = async ({ builders, chance, say }: Deps, until: number): Promise<number> => {
  let kills = 0;
  for (;;) {
    await sleep(chance.between(4_000, 9_000));
    if (performance.now() > until) return kills;
    const builder = chance.of(builders);
    say(`killing ${builder.address}`);
    await builder.killAndStart();
    kills++;
  }
};

const restartApiServer = async ({ servers, say }: Deps): Promise<number> => {
  let before = 0;
  for (const [at, how] of restartsAt) {
    await sleep(at - before);
    before = at;
    const begun = performance.now();
    say(`the API server: ${how}`);
    await servers.kubernetes(how, 'kube-apiserver');
    await servers.kubernetes('start', 'kube-apiserver');
    say(`the API server was away for ${((performance.now() - begun) / 1000).toFixed(1)} s`);
  }
  return restartsAt.length;
};

const spoilStorage = async ({ storage, say }: Deps): Promise<void> => {
  let now = 0;
  for (const [from, to] of badTimes) {
    await sleep(from - now);
    storage.badness = badShare;
    say('the object store is bad');
    await sleep(to - from);
    storage.badness = 0;
    say('the object store is good');
    now = to;
  }
};

/** @param ms no builder is killed later */
export const makeTrouble = async (deps: Deps, ms: number): Promise<Trouble> => {
  const until = performance.now() + ms;
  const [kills, restarts] = await Promise.all([killBuilders(deps, until), restartApiServer(deps), spoilStorage(deps)]);
  return { kills, restarts };
};
