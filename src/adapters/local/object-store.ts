// The object store as a directory: sources to read, and the temp bucket of contexts and pending events.
import { createReadStream, existsSync } from 'node:fs';
import { realpath, rm, stat, readdir, open } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { ObjectStore, StoredObject } from '../../ports.ts';
import { isMissing, namesIn, writeDurably } from './durable-file.ts';

const missing = (key: string): CodedError =>
  new CodedError('SOURCE_NOT_FOUND', `There is no object "${key.slice(0, 200)}" in the store`, { field: 's3_key' });

const translate = (thrown: unknown, key: string): CodedError => {
  if (isMissing(thrown)) return missing(key);
  const { code } = thrown as { code?: unknown };
  if (code === 'EACCES' || code === 'EPERM') {
    return new CodedError('SOURCE_ACCESS_DENIED', `The store refuses access to "${key.slice(0, 200)}"`, {
      field: 's3_key',
      cause: thrown,
    });
  }
  return new CodedError('SOURCE_UNAVAILABLE', 'The store does not answer', { cause: thrown });
};

/** Every name below a folder, as keys with `/`. */
const keysBelow = async (root: string, folder: string): Promise<string[]> => {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((thrown: unknown) => {
    if (isMissing(thrown)) return [];
    throw translate(thrown, folder);
  });
  const kept = new Set(await namesIn(join(root, folder)));
  const below = entries
    .filter((entry) => kept.has(entry.name))
    .map((entry) => {
      const key = `${folder}${entry.name}`;
      if (entry.isDirectory()) return keysBelow(root, `${key}/`);
      return Promise.resolve(entry.isFile() ? [key] : []);
    });
  return (await Promise.all(below)).flat();
};

/** @param root the folder; it need not exist before the first write */
export const createLocalObjectStore = (root: string): ObjectStore => {
  const base = resolve(root);

  /** A key is data from outside: whatever it says, it names something below the root, links included. */
  const pathOf = async (key: string): Promise<string> => {
    const path = resolve(base, key);
    if (!path.startsWith(base + sep)) throw missing(key);
    if (existsSync(path)) {
      const real = await realpath(path);
      if (!real.startsWith((await realpath(base)) + sep)) throw missing(key);
    }
    return path;
  };

  const head = async (key: string): Promise<StoredObject | undefined> => {
    try {
      const found = await stat(await pathOf(key));
      if (!found.isFile() || key.endsWith('/')) return undefined;
      return { key, size: found.size, version: `${found.ino}-${found.size}-${found.mtimeMs}`, modifiedAt: found.mtimeMs };
    } catch (thrown) {
      const error = thrown instanceof CodedError ? thrown : translate(thrown, key);
      if (error.code === 'SOURCE_NOT_FOUND') return undefined;
      throw error;
    }
  };

  return {
    head,
    read: async (key) => {
      const path = await pathOf(key);
      const file = await open(path, 'r').catch((thrown: unknown) => {
        throw translate(thrown, key);
      });
      return createReadStream(path, { fd: file, highWaterMark: 256 * 1024 });
    },
    write: async (key, body, { ifAbsent = false } = {}) => {
      const path = await pathOf(key);
      if (ifAbsent && existsSync(path)) return 'exists';
      await writeDurably(path, body).catch((thrown: unknown) => {
        throw thrown instanceof CodedError ? thrown : translate(thrown, key);
      });
      return 'written';
    },
    list: async function* (prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      if (folder !== '') await pathOf(folder);
      const keys = (await keysBelow(base, folder)).filter((key) => key.startsWith(prefix)).sort((a, b) => (a < b ? -1 : 1));
      for (const key of keys) {
        const found = await head(key);
        if (found !== undefined) yield found;
      }
    },
    remove: async (key) => {
      await rm(await pathOf(key), { force: true }).catch((thrown: unknown) => {
        throw translate(thrown, key);
      });
    },
  };
};
