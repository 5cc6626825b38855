// A build context out of its archive. Our own packer made it; it is read as if it were a stranger's, for it lay in a store.
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type ExtractEvents } from 'tar-stream';
import { CodedError } from '../../../core/errors.ts';
import { systemCode } from '../durable-file.ts';
import { entryPath, limits } from '../../../core/source.ts';

type Entry = ExtractEvents['entry'][1];

/** What the template adds to the source. */
const template = { bytes: 64 * 2 ** 20, entries: 1_000 };

const refuse = (message: string): never => {
  throw new CodedError('SOURCE_INVALID', `The build context is refused: ${message}`);
};

/** `entryPath` judges what stands below the context's own folders, which do not count against the length of a source's paths. */
const pathOf = (name: string): string | undefined => {
  const slash = name.indexOf('/');
  if (slash === -1) return entryPath(name);
  const top = entryPath(name.slice(0, slash)) ?? (name.startsWith('.') ? undefined : refuse('it has an absolute path'));
  const below = entryPath(name.slice(slash + 1));
  if (top === 'dependencies') return refuse('it brings its own dependencies folder');
  return [top, below].filter((part) => part !== undefined).join('/') || undefined;
};

/** `wx`: of two entries of one path, on this file system, the second is refused. */
const flag = 'wx';
/** Smaller files are written while the archive is read on. */
const smallBytes = 64 * 1024;
const writesAtOnce = 16;

const modeOf = (entry: Entry): number => (entry.header.mode & 0o111 ? 0o755 : 0o644);

const writeLarge = async (entry: Entry, path: string): Promise<void> => {
  const file = await open(path, flag, modeOf(entry));
  try {
    for await (const chunk of entry as AsyncIterable<Buffer>) await file.writeFile(chunk);
  } finally {
    await file.close();
  }
};

type Writer = {
  add: (entry: Entry, path: string) => Promise<void>;
  folder: (path: string) => Promise<void>;
  done: () => Promise<void>;
};

const createWriter = (): Writer => {
  const made = new Set<string>();
  const writing = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const folder = async (path: string): Promise<void> => {
    if (made.has(path)) return;
    await mkdir(path, { recursive: true });
    made.add(path);
  };
  const settle = async (most: number): Promise<void> => {
    while (writing.size > most) await Promise.race(writing);
    if (failures.length > 0) throw failures[0];
  };
  return {
    folder,
    add: async (entry, path) => {
      await folder(dirname(path));
      if (entry.header.size > smallBytes) return writeLarge(entry, path);
      const content = await buffer(entry as AsyncIterable<Buffer>);
      const write: Promise<void> = writeFile(path, content, { flag, mode: modeOf(entry) })
        .catch((thrown: unknown) => void failures.push(thrown))
        .finally(() => writing.delete(write));
      writing.add(write);
      return settle(writesAtOnce);
    },
    done: () => settle(0),
  };
};

const unpackEntries = async (entries: AsyncIterable<Entry>, folder: string, writer: Writer): Promise<void> => {
  let count = 0;
  let bytes = 0;
  for await (const entry of entries) {
    const { type, name, size } = entry.header;
    if (++count > limits.entries + template.entries) refuse('it has too many entries');
    bytes += size;
    if (bytes > limits.unpackedBytes + template.bytes) refuse('it is too large');
    const path = pathOf(name);
    if (type === 'directory') {
      if (path !== undefined) await writer.folder(join(folder, path));
      entry.resume();
    } else if (type === 'file' && path !== undefined) await writer.add(entry, join(folder, path));
    else refuse(`an entry is of type "${type}"`);
  }
  await writer.done();
};

/** What a file system answers to an archive that contradicts itself. */
const contradictions = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

/** Other errors of the file system are the machine's; all the rest says what is wrong with the archive. */
const translate = (thrown: unknown): unknown => {
  if (thrown instanceof CodedError) return thrown;
  const isSystem = typeof thrown === 'object' && thrown !== null && 'syscall' in thrown;
  if (isSystem && !contradictions.has(systemCode(thrown) ?? '')) return thrown;
  return new CodedError('SOURCE_INVALID', 'The build context is not a readable archive', { cause: thrown });
};

/**
 * @param packed tar.gz
 * @param folder there, and empty: so nothing in it can be a link that leads out
 * @throws CodedError SOURCE_INVALID; the signal's reason when it fires
 */
export const unpackContext = async (packed: Readable, folder: string, signal: AbortSignal): Promise<void> => {
  const archive = extract();
  const writer = createWriter();
  const fed = pipeline(packed, createGunzip(), archive, { signal });
  try {
    // Whichever fails ends the other; the loop's reason is the better one.
    await Promise.all([unpackEntries(archive, folder, writer), fed]);
  } catch (thrown) {
    packed.destroy();
    await Promise.allSettled([fed, writer.done()]);
    signal.throwIfAborted();
    throw translate(thrown);
  }
};
