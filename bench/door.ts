// The door against three servers that do less: how much of their speed is left with everything switched on.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Cores } from './support/cores.ts';
import { median } from './support/median.ts';
import type { Bench, Comparison, Row } from './support/report.ts';
import { startServer, type RunningServer } from './support/server-process.ts';
import { load, type Load } from './door/load.ts';
import { messages, type Message } from './door/messages.ts';
import { startOurDoor } from './door/our-door.ts';

export type DoorEffort = { rounds: number; seconds: number };

const peers = [
  { name: 'Fastify, string body', script: 'string-body.ts' },
  { name: 'Fastify, JSON.parse + headers', script: 'json-and-headers.ts', atLeast: 0.6 },
  { name: 'Fastify, cloudevents SDK', script: 'cloudevents-sdk.ts', atLeast: 1.8 },
] as const;
const ours = 'the door';

type Contestant = { name: string; server: RunningServer; statusOf: (message: Message) => number; before?: () => Promise<void> };

/** @param started what has to be stopped, also when another does not start */
const startAll = async (cores: Cores, bundle: string, folder: string, started: Contestant[]): Promise<void> => {
  for (const { name, script } of peers) {
    const server = await startServer(cores, { script: [join(import.meta.dirname, 'door', script)], readyPath: '/readyz' });
    started.push({ name, server, statusOf: () => 202 });
  }
  const door = await startOurDoor(cores, bundle, folder);
  started.push({ name: ours, server: door, statusOf: ({ status }) => status, before: door.emptyLog });
};

type Found = Map<Message, Map<string, Load[]>>;

/** One after the other, and then all again: a machine that is busy for a while is busy for all of them. */
const measure = async (contestants: readonly Contestant[], { rounds, seconds }: DoorEffort): Promise<Found> => {
  const found: Found = new Map(messages.map((message) => [message, new Map(contestants.map(({ name }) => [name, []]))]));
  for (let round = 0; round <= rounds; round++) {
    for (const message of messages) {
      for (const { name, server, statusOf, before } of contestants) {
        await before?.();
        const result = await load(server, message, statusOf(message), seconds);
        // The first round is for the compilers.
        if (round > 0) found.get(message)?.get(name)?.push(result);
      }
    }
  }
  return found;
};

type Medians = { requestsPerSecond: number; cpuMicroseconds: number };

const mediansOf = (loads: readonly Load[] = []): Medians => ({
  requestsPerSecond: median(loads.map((one) => one.requestsPerSecond)),
  cpuMicroseconds: median(loads.map((one) => one.cpuMicroseconds)),
});

const shown = ({ requestsPerSecond, cpuMicroseconds }: Medians): string =>
  `${Math.round(requestsPerSecond)}/s, ${Math.round(cpuMicroseconds)} µs cpu`;

const rowsOf = (message: Message, loads: Map<string, Load[]> | undefined): Row[] => {
  const mine = mediansOf(loads?.get(ours));
  const comparisons = peers.flatMap((peer): Comparison[] => {
    const theirs = mediansOf(loads?.get(peer.name));
    const ratio = mine.requestsPerSecond / theirs.requestsPerSecond;
    return [{ against: `${peer.name}: ${shown(theirs)}`, ratio, ...('atLeast' in peer ? { atLeast: peer.atLeast } : {}) }];
  });
  return [{ bench: 'door', what: message.name, medians: shown(mine), comparisons }];
};

/** @param bundle dist/local/main.js */
export const createDoorBench = (cores: Cores, bundle: string, effort: DoorEffort): Bench => ({
  name: 'door',
  about: `${effort.rounds} rounds of ${effort.seconds} s for each server and message, 100 connections`,
  run: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bench-door-'));
    const contestants: Contestant[] = [];
    try {
      await startAll(cores, bundle, folder, contestants);
      const found = await measure(contestants, effort);
      return messages.flatMap((message) => rowsOf(message, found.get(message)));
    } finally {
      await Promise.all(contestants.map(({ server }) => server.stop()));
      await rm(folder, { recursive: true, force: true });
    }
  },
});
