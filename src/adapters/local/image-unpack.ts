// A build context out of its archive. Our own packer made it; it is read as if it were a stranger's, for it lay in a store.
import { open, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type ExtractEvents } from 'tar-stream';
import { CodedError } from '../../core/errors.ts';
import { systemCode } from './durable-file.ts';
import { entryPath, limits } from '../../core/source.ts';

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

const writeEntry = async (entry: Entry, path: string): Promise<number> => {
  // `wx`: of two entries of one path, on this file system, the second is refused.
  const file = await open(path, 'wx', entry.header.mode & 0o111 ? 0o755 : 0o644);
  let written = 0;
  try {
    for await (const chunk of entry as AsyncIterable<Buffer>) {
      await file.writeFile(chunk);
      written += chunk.length;
    }
  } finally {
    await file.close();
  }
  return written;
};

const unpackEntries = async (entries: AsyncIterable<Entry>, folder: string): Promise<void> => {
  let count = 0;
  let bytes = 0;
  for await (const entry of entries) {
    const { type, name, size } = entry.header;
    if (++count > limits.entries + template.entries) refuse('it has too many entries');
    bytes += size;
    if (bytes > limits.unpackedBytes + template.bytes) refuse('it is too large');
    const path = pathOf(name);
    if (type === 'directory') {
      if (path !== undefined) await mkdir(join(folder, path), { recursive: true });
      entry.resume();
    } else if (type === 'file' && path !== undefined) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      if ((await writeEntry(entry, join(folder, path))) !== size) refuse('an entry is shorter than it says');
    } else refuse(`an entry is of type "${type}"`);
  }
};

/** Errors of the file system are the machine's; all others say what is wrong with the archive. */
const translate = (thrown: unknown): unknown => {
  if (thrown instanceof CodedError) return thrown;
  const isSystem = typeof thrown === 'object' && thrown !== null && 'syscall' in thrown;
  if (isSystem && systemCode(thrown) !== 'EEXIST') return thrown;
  return new CodedError('SOURCE_INVALID', 'The build context is not a readable archive', { cause: thrown });
};

/**
 * @param packed tar.gz
 * @param folder there, and empty: so nothing in it can be a link that leads out
 * @throws CodedError SOURCE_INVALID; the signal's reason when it fires
 */
export const unpackContext = async (packed: Readable, folder: string, signal: AbortSignal): Promise<void> => {
  const archive = extract();
  const fed = pipeline(packed, createGunzip(), archive, { signal });
  try {
    // Whichever fails ends the other; the loop's reason is the better one.
    await Promise.all([unpackEntries(archive, folder), fed]);
  } catch (thrown) {
    packed.destroy();
    await fed.catch(() => undefined);
    signal.throwIfAborted();
    throw translate(thrown);
  }
};
