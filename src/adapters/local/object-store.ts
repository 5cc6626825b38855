// The object store as a directory: sources to read, and the temp bucket of contexts and pending events.
import { createReadStream, existsSync, realpathSync, statSync, type Stats } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
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

/**
 * A key is data from outside: whatever it says, its path is below the folder, links included. This and `head` ask the system at once,
 * which answers from memory; by way of the thread pool it costs ten times as much, and every event asks.
 */
const createPaths = (folder: string): ((key: string) => string) => {
  let real = '';
  const isBelow = (path: string): boolean => {
    if (real !== '' && path.startsWith(real + sep)) return true;
    // Before it refuses, it looks again where the folder is: that may be a link, and was moved.
    real = realpathSync.native(folder);
    return path.startsWith(real + sep);
  };
  return (key) => {
    const path = resolve(folder, key);
    if (!path.startsWith(folder + sep)) throw missing(key);
    try {
      if (!isBelow(realpathSync.native(path))) throw missing(key);
    } catch (thrown) {
      if (!isMissing(thrown)) throw thrown instanceof CodedError ? thrown : translate(thrown, key);
    }
    return path;
  };
};

const objectOf = (key: string, found: Stats): StoredObject => ({
  key,
  size: found.size,
  version: `${found.ino}-${found.size}-${found.mtimeMs}`,
  modifiedAt: found.mtimeMs,
});

const mostKnown = 10_000;

/** What lies outside of the folder is not there. */
const createHead = (folder: string, pathOf: (key: string) => string): ((key: string) => StoredObject | undefined) => {
  /** Versions that were seen below the folder, by key: the same file need not be followed through its links again. */
  const known = new Map<string, string>();
  const checked = (key: string, found: Stats): StoredObject => {
    const object = objectOf(key, found);
    if (known.get(key) === object.version) return object;
    pathOf(key);
    if (known.size >= mostKnown) known.clear();
    known.set(key, object.version);
    return object;
  };
  return (key) => {
    if (key.endsWith('/')) return undefined;
    try {
      const found = statSync(resolve(folder, key), { throwIfNoEntry: false });
      return found?.isFile() === true ? checked(key, found) : undefined;
    } catch (thrown) {
      const error = thrown instanceof CodedError ? thrown : translate(thrown, key);
      if (error.code === 'SOURCE_NOT_FOUND') return undefined;
      throw error;
    }
  };
};

/** @param root the folder; it need not exist before the first write */
export const createLocalObjectStore = (root: string): ObjectStore => {
  const base = resolve(root);
  const pathOf = createPaths(base);
  const head = createHead(base, pathOf);
  const orTranslated =
    (key: string) =>
    (thrown: unknown): never => {
      throw thrown instanceof CodedError ? thrown : translate(thrown, key);
    };

  return {
    // In a promise's constructor, so that a refused key rejects and is not thrown.
    head: (key) => new Promise((resolve) => resolve(head(key))),
    read: async (key) => {
      const path = pathOf(key);
      const file = await open(path, 'r').catch(orTranslated(key));
      return createReadStream(path, { fd: file, highWaterMark: 256 * 1024 });
    },
    write: async (key, body, { ifAbsent = false } = {}) => {
      const path = pathOf(key);
      if (ifAbsent && existsSync(path)) return 'exists';
      await writeDurably(path, body).catch(orTranslated(key));
      return 'written';
    },
    list: async function* (prefix) {
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      if (folder !== '') pathOf(folder);
      const keys = (await keysBelow(base, folder)).filter((key) => key.startsWith(prefix)).sort((a, b) => (a < b ? -1 : 1));
      for (const key of keys) {
        // Not by `head`: ten thousand of them would hold up everybody else. It was a file and no link; it may be gone.
        const found = await stat(join(base, key)).catch((thrown: unknown) =>
          isMissing(thrown) ? undefined : orTranslated(key)(thrown),
        );
        if (found !== undefined) yield objectOf(key, found);
      }
    },
    remove: async (key) => {
      await rm(pathOf(key), { force: true }).catch(orTranslated(key));
    },
  };
};
