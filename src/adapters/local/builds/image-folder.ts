// Folders of images and layers: removing and replacing them, whatever a package manager did to their permissions.
import { chmod, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unfinished } from './build-folders.ts';
import { isMissing, namesIn, systemCode } from '../durable-file.ts';

export const isFolder = async (path: string): Promise<boolean> => {
  try {
    return (await lstat(path)).isDirectory();
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
};

const makeWritable = async (folder: string): Promise<void> => {
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
};

/** Already gone is success. Module caches are read-only folders, which have to be opened first. */
export const removeFolder = async (folder: string): Promise<void> => {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (thrown) {
    if (systemCode(thrown) !== 'EACCES' && systemCode(thrown) !== 'EPERM') throw thrown;
    await makeWritable(folder);
    await rm(folder, { recursive: true, force: true });
  }
};

/** Gives a finished folder its name in one step. If the name is taken, what is there stays: equal names are equal content. */
export const settleFolder = async (draft: string, path: string): Promise<void> => {
  try {
    await rename(draft, path);
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOTEMPTY' && systemCode(thrown) !== 'EEXIST') throw thrown;
    await removeFolder(draft);
  }
};

/** What a dead process left unfinished in this folder. Only before anything else runs there. */
export const removeUnfinished = async (folder: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  for (const name of await namesIn(folder)) {
    if (name.startsWith(unfinished)) await removeFolder(join(folder, name));
  }
};
