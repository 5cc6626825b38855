// Builds on disk, one file each: the truth. What is read is the index in memory, which is changed after the file is.
import { join } from 'node:path';
import type { Build, EndStatus } from '../../../core/build.ts';
import { createBuildIndex, type BuildIndex } from './build-index.ts';
import { readAllJson, removeHalfWritten, writeJson } from '../durable-file.ts';

export type EndedBuild = Build & { readonly status: EndStatus };

type BuildRecord = {
  readonly build: Build;
  /** Attempts that ended and whose completion is not published yet, oldest first: the next attempt does not forget them. */
  readonly owed: readonly EndedBuild[];
};

export type BuildRecords = Pick<BuildIndex, 'list'> & {
  get(buildId: string): BuildRecord | undefined;
  all(): BuildRecord[];
  /** Resolves once the record survives the death of the process; only then it is seen. */
  put(record: BuildRecord): Promise<void>;
};

/** @param folder read once, here; nobody else writes there */
export const openBuildRecords = async (folder: string): Promise<BuildRecords> => {
  await removeHalfWritten(folder);
  const found = await readAllJson<BuildRecord>(folder);
  const records = new Map(found.map((record) => [record.build.buildId, record]));
  const index = createBuildIndex(found.map(({ build }) => build));
  return {
    get: (buildId) => records.get(buildId),
    all: () => [...records.values()],
    list: index.list,
    put: async (record) => {
      await writeJson(join(folder, `${record.build.buildId}.json`), record);
      records.set(record.build.buildId, record);
      index.set(record.build);
    },
  };
};
