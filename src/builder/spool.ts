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
  /** Adds one file. The limits of core/source.ts hold for what really arrives, whatever a header claims. */
  add(name: string, executable: boolean, content: AsyncIterable<Buffer>): Promise<void>;
  /** Sorted by path. */
  entries(): SpooledEntry[];
  open(entry: SpooledEntry): Readable;
  remove(): Promise<void>;
};

const tooLarge = (message: string): CodedError => new CodedError('SOURCE_TOO_LARGE', message, { field: 's3_key' });

type State = { file: FileHandle; size: number; entries: Map<string, SpooledEntry>; folders: Set<string> };

/** A path is a file or a folder, never both, and never given twice. */
const claim = (state: State, path: string): void => {
  if (state.entries.size >= limits.entries) throw tooLarge(`The source has more than ${limits.entries} files`);
  const parents = path.split('/').map((_, index, segments) => segments.slice(0, index).join('/'));
  if (state.entries.has(path) || state.folders.has(path) || parents.some((parent) => state.entries.has(parent))) {
    throw new CodedError('SOURCE_INVALID', `The path ${JSON.stringify(path.slice(0, 80))} is in the source twice`, {
      field: 's3_key',
    });
  }
  for (const parent of parents) state.folders.add(parent);
};

const append = async (state: State, content: AsyncIterable<Buffer>): Promise<number> => {
  const start = state.size;
  for await (const chunk of content) {
    if (state.size + chunk.length > limits.unpackedBytes)
      throw tooLarge(`The source is larger than ${limits.unpackedBytes} bytes unpacked`);
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
    add: async (name, executable, content) => {
      const at = entryPath(name);
      if (at === undefined) throw new CodedError('SOURCE_INVALID', 'The source has a file without a name', { field: 's3_key' });
      claim(state, at);
      const offset = state.size;
      const size = await append(state, content);
      state.entries.set(at, { path: at, executable, offset, size });
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
