// What is deployed: one durable file for each function.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CodedError } from '../../../core/errors.ts';
import { serviceName, type FunctionRef } from '../../../core/function.ts';
import { isSameRef } from '../../../core/function-spec.ts';
import type { FunctionFilter, Listed, Page } from '../../../ports.ts';
import { createKeyedMutex } from '../keyed-mutex.ts';
import { readAllJson, removeHalfWritten, writeJson } from '../durable-file.ts';
import type { Change, FunctionRecord } from './function-revision.ts';

export type FunctionRecords = {
  get(ref: FunctionRef): FunctionRecord | undefined;
  all(): FunctionRecord[];
  list(filter: FunctionFilter, page: Page): Listed<FunctionRecord>;
  /** One change of a name at a time; resolves once it is durable, and only then is it seen. */
  change<T>(name: string, decide: (current: FunctionRecord | undefined) => Change<T>): Promise<T>;
  /** Resolves when no change is under way. */
  settled(): Promise<void>;
};

/** A cursor is the last name of the page before: it stands while functions come and go. */
const pageOf = (
  records: Iterable<FunctionRecord>,
  filter: FunctionFilter,
  { limit, cursor = '' }: Page,
): Listed<FunctionRecord> => {
  const matching = [...records]
    .filter(
      ({ ref, name }) =>
        name > cursor && (filter.tenant ?? ref.tenant) === ref.tenant && (filter.function ?? ref.function) === ref.function,
    )
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const items = matching.slice(0, limit);
  const last = items.at(-1);
  return matching.length > items.length && last !== undefined ? { items, cursor: last.name } : { items };
};

/** @param folder holds nothing else */
export const openFunctionRecords = async (folder: string): Promise<FunctionRecords> => {
  await removeHalfWritten(folder);
  const records = new Map((await readAllJson<FunctionRecord>(folder)).map((record) => [record.name, record]));
  const mutex = createKeyedMutex();

  const store = async (name: string, next: FunctionRecord | null): Promise<void> => {
    const file = join(folder, `${name}.json`);
    try {
      await (next === null ? rm(file, { force: true }) : writeJson(file, next));
    } catch (cause) {
      throw new CodedError('CLUSTER_UNAVAILABLE', 'The function could not be written down', { cause });
    }
    if (next === null) records.delete(name);
    else records.set(name, next);
  };

  return {
    get: (ref) => {
      const record = records.get(serviceName(ref));
      return record !== undefined && isSameRef(record.ref, ref) ? record : undefined;
    },
    all: () => [...records.values()],
    list: (filter, page) => pageOf(records.values(), filter, page),
    change: (name, decide) =>
      mutex.run(name, async () => {
        const { next, result } = decide(records.get(name));
        if (next !== undefined) await store(name, next);
        return result;
      }),
    settled: () => mutex.idle(),
  };
};
