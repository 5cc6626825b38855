// Files that are either there whole or not at all, whenever the process dies: written beside, synced, renamed.
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

/** Half-written files have this prefix; no reader looks at them, and `removeHalfWritten` clears them at start. */
const beside = '.writing-';

/** The code of an error of the system, such as `ENOENT`. Not asked by class: there is one `Error` per realm, and tests run in their own. */
export const systemCode = (thrown: unknown): string | undefined =>
  typeof thrown === 'object' && thrown !== null && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;

/** Also a name that no file system takes: nothing can be under it. */
export const isMissing = (thrown: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ENAMETOOLONG', 'ELOOP'].includes(systemCode(thrown) ?? '');

/** Resolves when the content is on the disk under that path. A failing stream leaves what was there before. */
export const writeDurably = async (path: string, body: string | Buffer | Readable, mode = 0o600): Promise<void> => {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), `${beside}${randomUUID()}`);
  try {
    const file = await open(draft, 'w', mode);
    try {
      await file.writeFile(body);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (thrown) {
    await rm(draft, { force: true });
    throw thrown;
  }
};

export const writeJson = (path: string, value: unknown): Promise<void> => writeDurably(path, `${JSON.stringify(value)}\n`);

export const readJson = async <T>(path: string): Promise<T | undefined> => {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
};

/** Names in a folder without half-written files; a missing folder is empty. */
export const namesIn = async (folder: string): Promise<string[]> => {
  try {
    return (await readdir(folder)).filter((name) => !name.startsWith(beside));
  } catch (thrown) {
    if (isMissing(thrown)) return [];
    throw thrown;
  }
};

/** Every JSON file of a folder, parsed. A file that vanishes meanwhile is left out. */
export const readAllJson = async <T>(folder: string): Promise<T[]> => {
  const names = (await namesIn(folder)).filter((name) => name.endsWith('.json'));
  const values: T[] = [];
  // A few at a time: ten thousand files opened at once are more than a process may have open.
  for (let first = 0; first < names.length; first += 64) {
    const read = await Promise.all(names.slice(first, first + 64).map((name) => readJson<T>(join(folder, name))));
    values.push(...read.filter((value) => value !== undefined));
  }
  return values;
};

/** What a dead process left half-written, in this folder and below. Only before anything else runs there. */
export const removeHalfWritten = async (folder: string): Promise<void> => {
  const entries = await readdir(folder, { recursive: true }).catch(() => []);
  for (const entry of entries) {
    if (basename(entry).startsWith(beside)) await rm(join(folder, entry), { force: true });
  }
};
