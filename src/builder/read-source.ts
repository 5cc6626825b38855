// A source out of the store: read once, hashed while it is read, its content in a spool for the packer.
import { createHash, type Hash } from 'node:crypto';
import { CodedError } from '../core/errors.ts';
import { kindOfBytes, kindOfKey, limits, mainFile, languageOf, type Runtime, type SourceKind } from '../core/source.ts';
import type { ObjectStore, StoredObject } from '../ports.ts';
import { readTarGz, readZip } from './read-archive.ts';
import { createSpool, type Spool } from './spool.ts';

export type Source = {
  kind: SourceKind;
  /** sha256 of the object's bytes; of a prefix, over the sorted paths and hashes of its objects. Hex. */
  contentHash: string;
  /** The only file, when the source is one file; null otherwise. */
  entry: string | null;
  spool: Spool;
};

const tooLarge = (): CodedError =>
  new CodedError('SOURCE_TOO_LARGE', `The source is larger than ${limits.packedBytes} bytes`, { field: 's3_key' });

/** Counts and hashes what passes through. The head is kept for the kind. */
const hashed = async function* (content: AsyncIterable<Buffer>, hash: Hash, limit: number): AsyncIterable<Buffer> {
  let total = 0;
  for await (const chunk of content) {
    total += chunk.length;
    if (total > limit) throw tooLarge();
    hash.update(chunk);
    yield chunk;
  }
};

/** The first bytes of a stream, and the stream as if none had been taken. */
const peek = async (content: AsyncIterable<Buffer>): Promise<[head: Buffer, content: AsyncIterable<Buffer>]> => {
  const iterator = content[Symbol.asyncIterator]();
  const first = await iterator.next();
  const head = first.done === true ? Buffer.alloc(0) : first.value;
  const rest = async function* (): AsyncIterable<Buffer> {
    if (first.done !== true) yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return [head, rest()];
};

/** A file's name in the source: the last segment of its key; a key without extension gets the language's main file. */
const fileName = (key: string, runtime: Runtime | undefined): string => {
  const base = key.split('/').at(-1) ?? key;
  return kindOfKey(key) === 'file' || runtime === undefined ? base : mainFile[languageOf(runtime)];
};

const readObject = async (store: ObjectStore, key: string, runtime: Runtime | undefined, spool: Spool): Promise<Source> => {
  const hash = createHash('sha256');
  const stream = await store.read(key);
  try {
    const [head, content] = await peek(hashed(stream as AsyncIterable<Buffer>, hash, limits.packedBytes));
    const kind = kindOfKey(key) ?? kindOfBytes(head);
    const entry = kind === 'file' ? fileName(key, runtime) : null;
    if (kind === 'tar.gz') await readTarGz(content, spool);
    else if (kind === 'zip') await readZip(content, spool);
    else await spool.add(entry ?? '', false, content);
    return { kind, contentHash: hash.digest('hex'), entry, spool };
  } finally {
    stream.destroy();
  }
};

const readPrefix = async (store: ObjectStore, prefix: string, spool: Spool): Promise<Source> => {
  const whole = createHash('sha256');
  let count = 0;
  for await (const { key } of store.list(prefix)) {
    // Consoles make empty objects that stand for folders.
    if (key.endsWith('/')) continue;
    if (++count > limits.entries)
      throw new CodedError('SOURCE_TOO_LARGE', `The source has more than ${limits.entries} files`, { field: 's3_key' });
    const hash = createHash('sha256');
    const stream = await store.read(key);
    try {
      await spool.add(key.slice(prefix.length), false, hashed(stream as AsyncIterable<Buffer>, hash, limits.unpackedBytes));
    } finally {
      // A name that the spool refuses is never read, and would hold its connection to the store.
      stream.destroy();
    }
    whole.update(`${key.slice(prefix.length)}\0${hash.digest('hex')}\n`);
  }
  if (count === 0)
    throw new CodedError('SOURCE_NOT_FOUND', `There is no object below "${prefix.slice(0, 200)}" in the store`, {
      field: 's3_key',
    });
  return { kind: 'prefix', contentHash: whole.digest('hex'), entry: null, spool };
};

/**
 * @param spoolFolder where the content waits for the packer; the caller removes `source.spool`
 * @throws CodedError SOURCE_NOT_FOUND, SOURCE_INVALID, SOURCE_TOO_LARGE … nothing is left behind then
 */
export const readSource = async (
  store: ObjectStore,
  key: string,
  runtime: Runtime | undefined,
  spoolFolder: string,
): Promise<Source> => {
  const spool = await createSpool(spoolFolder);
  try {
    return key.endsWith('/') ? await readPrefix(store, key, spool) : await readObject(store, key, runtime, spool);
  } catch (thrown) {
    await spool.remove();
    throw thrown;
  }
};

/** What changes when the source does, without reading it; undefined when it is not there. A prefix has to be listed. */
export const sourceVersion = async (store: ObjectStore, key: string): Promise<string | undefined> => {
  if (!key.endsWith('/')) return versionOf(await store.head(key));
  const hash = createHash('sha256');
  let count = 0;
  for await (const found of store.list(key)) {
    if (++count > limits.entries) break;
    hash.update(`${found.key}\0${found.version}\n`);
  }
  return count === 0 ? undefined : hash.digest('hex');
};

const versionOf = (found: StoredObject | undefined): string | undefined => {
  if (found !== undefined && found.size > limits.packedBytes) throw tooLarge();
  return found?.version;
};
