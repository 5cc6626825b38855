// How each event of a function ended, kept beside the broker: what a person looks up, and what keeps a finished event from running twice.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import { toReadableJson } from '../../../core/json-format.ts';
import { namesIn, readJson, writeJson } from '../durable-file.ts';

export type Result = {
  event_id: string;
  event_source: string;
  outcome: 'done' | 'dead';
  status: number | null;
  message: string | null;
  attempts: number;
  ended_at: string;
  reply: Record<string, unknown> | null;
};

export type Results = {
  put(
    service: string,
    event: CloudEvent,
    result: { outcome: 'done' | 'dead'; status?: number; message?: string; attempts: number; reply?: CloudEvent; at: number },
  ): Promise<void>;
  isDone(service: string, event: CloudEvent): Promise<boolean>;
  /** Newest first. */
  list(service: string, limit: number): Promise<Result[]>;
  forget(service: string): Promise<void>;
};

/** Results that are kept of one function; an equal event that comes after that many others runs again. */
const kept = 1000;

/** The event as its sender knows it, before it was addressed to the function. */
const original = (event: CloudEvent, name: 'id' | 'source'): string => {
  const own = event.extensions[`origin${name}`];
  return typeof own === 'string' ? own : event[name];
};

export const createResults = (root: string): Results => {
  const nameOf = (event: CloudEvent): string =>
    createHash('sha256').update(`${event.source}\0${event.id}`).digest('hex').slice(0, 32);
  const pathOf = (service: string, event: CloudEvent, outcome: string): string =>
    join(root, service, `${nameOf(event)}.${outcome}.json`);
  const counts = new Map<string, number>();

  const byAge = async (service: string): Promise<string[]> => {
    const folder = join(root, service);
    const names = (await namesIn(folder)).filter((name) => name.endsWith('.json'));
    const aged = await Promise.all(
      names.map(async (name) => ({ name, at: (await stat(join(folder, name)).catch(() => ({ mtimeMs: 0 }))).mtimeMs })),
    );
    return aged.sort((a, b) => b.at - a.at).map(({ name }) => join(folder, name));
  };

  /** Now and then, so that a put stays one write. */
  const prune = async (service: string): Promise<void> => {
    const count = (counts.get(service) ?? (await readdir(join(root, service))).length) + 1;
    counts.set(service, count);
    if (count <= kept + kept / 10) return;
    for (const path of (await byAge(service)).slice(kept)) await rm(path, { force: true });
    counts.delete(service);
  };

  return {
    put: async (service, event, { outcome, status, message, attempts, reply, at }) => {
      const result: Result = {
        event_id: original(event, 'id'),
        event_source: original(event, 'source'),
        outcome,
        status: status ?? null,
        message: message ?? null,
        attempts,
        ended_at: new Date(at).toISOString(),
        reply: reply === undefined ? null : toReadableJson(reply),
      };
      await writeJson(pathOf(service, event, outcome), result);
      await prune(service);
    },
    isDone: (service, event) => Promise.resolve(existsSync(pathOf(service, event, 'done'))),
    list: async (service, limit) => {
      const found = await Promise.all((await byAge(service)).slice(0, limit).map((path) => readJson<Result>(path)));
      return found.filter((result) => result !== undefined);
    },
    forget: (service) => rm(join(root, service), { recursive: true, force: true }),
  };
};
