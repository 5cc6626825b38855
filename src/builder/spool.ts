// A source on this machine's disk between being read and being packed: one file that holds every entry's content, and an index.
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CodedError } from '../core/errors.ts';
import { entryPath, limits } from '../core/source.ts';

export type SpooledEntry = { path: string; executable: boolean; offset: number; size: number };

export type Spool = {
  /** Where a reader that needs random access (zip) may put the source as it came. Removed with the spool. */
  readonly folder: string;
  /**
   * Adds one file. The limits of core/source.ts hold for what really arrives, whatever a header claims.
   * @param claimedSize what a header says: more than the limit is refused before any of it is kept
   */
  add(name: string, executable: boolean, content: AsyncIterable<Buffer>, claimedSize?: number): Promise<void>;
  /** Notes a folder, which no file may stand in the place of. Naming it twice is nothing. */
  addFolder(name: string): void;
  /** Sorted by path. */
  entries(): SpooledEntry[];
  open(entry: SpooledEntry): Readable;
  remove(): Promise<void>;
};

const tooLarge = (message: string): CodedError => new CodedError('SOURCE_TOO_LARGE', message, { field: 's3_key' });

type State = { file: FileHandle; size: number; entries: Map<string, SpooledEntry>; folders: Set<string> };

const twice = (path: string): CodedError =>
  new CodedError('SOURCE_INVALID', `The path ${JSON.stringify(path.slice(0, 80))} is in the source twice`, { field: 's3_key' });

/** The folders that a path stands in, the outermost first. */
const parentsOf = (path: string): string[] => {
  const segments = path.split('/');
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join('/'));
};

const claimFolders = (state: State, folders: readonly string[]): void => {
  for (const folder of folders) {
    if (state.entries.has(folder)) throw twice(folder);
    state.folders.add(folder);
  }
};

/** A path is a file or a folder, never both, and a file is never given twice. */
const claim = (state: State, path: string): void => {
  if (state.entries.size >= limits.entries) throw tooLarge(`The source has more than ${limits.entries} files`);
  if (state.entries.has(path) || state.folders.has(path)) throw twice(path);
  claimFolders(state, parentsOf(path));
};

const checkRoom = (state: State, bytes: number): void => {
  if (state.size + bytes > limits.unpackedBytes)
    throw tooLarge(`The source is larger than ${limits.unpackedBytes} bytes unpacked`);
};

const append = async (state: State, content: AsyncIterable<Buffer>): Promise<number> => {
  const start = state.size;
  for await (const chunk of content) {
    checkRoom(state, chunk.length);
    await state.file.write(chunk, 0, chunk.length, state.size).catch((cause: unknown) => {
      // A full disk is our trouble, not the source's.
      throw new CodedError('INTERNAL', 'The source could not be kept for packing; try again later', { cause });
    });
    state.size += chunk.length;
  }
  return state.size - start;
};

/** @param parent a folder on a disk with room for `limits.unpackedBytes` per source that is packed at the same time */
export const createSpool = async (parent: string): Promise<Spool> => {
  await mkdir(parent, { recursive: true });
  const folder = await mkdtemp(join(parent, 'source-'));
  const path = join(folder, 'content');
  const state: State = { file: await open(path, 'wx+', 0o600), size: 0, entries: new Map(), folders: new Set() };
  return {
    folder,
    add: async (name, executable, content, claimedSize = 0) => {
      const at = entryPath(name);
      if (at === undefined) throw new CodedError('SOURCE_INVALID', 'The source has a file without a name', { field: 's3_key' });
      claim(state, at);
      checkRoom(state, claimedSize);
      const offset = state.size;
      const size = await append(state, content);
      state.entries.set(at, { path: at, executable, offset, size });
    },
    addFolder: (name) => {
      const at = entryPath(name);
      if (at !== undefined) claimFolders(state, [...parentsOf(at), at]);
    },
    entries: () => [...state.entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    open: ({ offset, size }) => {
      if (size === 0) return Readable.from([]);
      return createReadStream(path, { start: offset, end: offset + size - 1, highWaterMark: 256 * 1024 });
    },
    remove: async () => {
      await state.file.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
