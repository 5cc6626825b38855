// What is deployed, one durable file for each function, and the rule which of two specs stands.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import { serviceName, type FunctionRef } from '../../core/function.ts';
import type { FunctionFilter, FunctionSpec, FunctionState, Listed, Page } from '../../ports.ts';
import { readAllJson, removeHalfWritten, writeJson } from './durable-file.ts';

/** What is stored; the rest of the state is known while running only. */
export type FunctionRecord = Omit<FunctionState, 'url' | 'replicas'>;

/** `next`: the record from now on, `null` to remove it, left out to keep it. */
export type Change<T> = { next?: FunctionRecord | null; result: T };

export type FunctionRecords = {
  get(ref: FunctionRef): FunctionRecord | undefined;
  all(): FunctionRecord[];
  list(filter: FunctionFilter, page: Page): Listed<FunctionRecord>;
  /** One change of a name at a time; resolves once it is durable, and only then is it seen. */
  change<T>(name: string, decide: (current: FunctionRecord | undefined) => Change<T>): Promise<T>;
  /** Resolves when no change is under way. */
  settled(): Promise<void>;
};

const isSameRef = (one: FunctionRef, other: FunctionRef): boolean =>
  one.tenant === other.tenant && one.function === other.function;

/** Whether the same processes would run. */
export const isSameRevision = (one: FunctionSpec, other: FunctionSpec): boolean =>
  one.imageDigest === other.imageDigest && one.image === other.image && one.runtime === other.runtime;

/** Builds of one moment are told apart by what they are, so that every order of application ends the same. */
const isOlder = (one: FunctionSpec, other: FunctionSpec): boolean => {
  if (one.requestedAt !== other.requestedAt) return one.requestedAt < other.requestedAt;
  return one.buildId !== other.buildId ? one.buildId < other.buildId : one.imageDigest < other.imageDigest;
};

const specOf = ({ ref, name, image, imageDigest, runtime, buildId, requestedAt }: FunctionSpec): FunctionSpec => ({
  ref: { tenant: ref.tenant, function: ref.function },
  name,
  image,
  imageDigest,
  runtime,
  buildId,
  requestedAt,
});

export type Applied = { outcome: 'created' | 'updated' | 'unchanged' | 'superseded'; record: FunctionRecord; check: boolean };

/**
 * What a spec makes of a record. `check`: a replica is to be started, to see if it can be.
 * A later request for what is there already is `unchanged`, but gives a function that failed another try.
 * @throws CodedError NAME_CONFLICT
 */
export const applySpec = (current: FunctionRecord | undefined, spec: FunctionSpec, now: number): Change<Applied> => {
  if (spec.name !== serviceName(spec.ref) || (current !== undefined && !isSameRef(current.ref, spec.ref))) {
    throw new CodedError('NAME_CONFLICT', `The service "${spec.name}" belongs to another function`);
  }
  if (current === undefined) {
    const record: FunctionRecord = { ...specOf(spec), state: 'deploying', createdAt: now, updatedAt: now };
    return { next: record, result: { outcome: 'created', record, check: true } };
  }
  if (isOlder(spec, current)) return { result: { outcome: 'superseded', record: current, check: false } };
  if (!isOlder(current, spec)) return { result: { outcome: 'unchanged', record: current, check: false } };
  const { createdAt } = current;
  if (isSameRevision(current, spec) && current.state !== 'failed') {
    const record: FunctionRecord = { ...current, ...specOf(spec), updatedAt: now };
    return { next: record, result: { outcome: 'unchanged', record, check: false } };
  }
  const record: FunctionRecord = { ...specOf(spec), state: 'deploying', createdAt, updatedAt: now };
  return { next: record, result: { outcome: isSameRevision(current, spec) ? 'unchanged' : 'updated', record, check: true } };
};

/** @param folder holds nothing else */
export const openFunctionRecords = async (folder: string): Promise<FunctionRecords> => {
  await removeHalfWritten(folder);
  const records = new Map((await readAllJson<FunctionRecord>(folder)).map((record) => [record.name, record]));
  const underWay = new Map<string, Promise<unknown>>();
  const fileOf = (name: string): string => join(folder, `${name}.json`);

  const store = async (name: string, next: FunctionRecord | null | undefined): Promise<void> => {
    if (next === null) {
      await rm(fileOf(name), { force: true });
      records.delete(name);
    } else if (next !== undefined) {
      await writeJson(fileOf(name), next);
      records.set(name, next);
    }
  };

  return {
    get: (ref) => {
      const record = records.get(serviceName(ref));
      return record !== undefined && isSameRef(record.ref, ref) ? record : undefined;
    },
    all: () => [...records.values()],
    list: (filter, { limit, cursor }) => {
      const matching = [...records.values()]
        .filter(
          ({ ref, name }) =>
            (filter.tenant ?? ref.tenant) === ref.tenant &&
            (filter.function ?? ref.function) === ref.function &&
            name > (cursor ?? ''),
        )
        .sort((one, other) => (one.name < other.name ? -1 : 1));
      const items = matching.slice(0, limit);
      const last = items.at(-1);
      return matching.length > items.length && last !== undefined ? { items, cursor: last.name } : { items };
    },
    change: (name, decide) => {
      const before = underWay.get(name) ?? Promise.resolve();
      const change = before.then(async () => {
        const { next, result } = decide(records.get(name));
        await store(name, next);
        return result;
      });
      const over = change.then(
        () => undefined,
        () => undefined,
      );
      underWay.set(name, over);
      void over.then(() => underWay.get(name) === over && underWay.delete(name));
      return change;
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all(underWay.values());
    },
  };
};
