// Archives into a spool, entry by entry. Only files and folders: a link or a device is refused, whatever it points to.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { openPromise, type Entry, type ZipFile } from 'yauzl';
import { CodedError } from '../core/errors.ts';
import { limits } from '../core/source.ts';
import type { Spool } from './spool.ts';

/** What headers and padding may add to the files of an archive: a bomb can be made of headers alone. */
const overheadBytes = 64 * 2 ** 20;

const refuse = (message: string, cause?: unknown): CodedError =>
  new CodedError('SOURCE_INVALID', message, { field: 's3_key', cause });
const asRefusal = (kind: string, thrown: unknown): CodedError =>
  thrown instanceof CodedError ? thrown : refuse(`The source is not a valid ${kind} archive`, thrown);

const countEntry = (count: number): void => {
  if (count > limits.entries)
    throw new CodedError('SOURCE_TOO_LARGE', `The source has more than ${limits.entries} entries`, { field: 's3_key' });
};

const refuseKind = (name: string, kind: string): never => {
  throw refuse(`The entry ${JSON.stringify(name.slice(0, 80))} is a ${kind}; only files and folders are taken`);
};

async function* bounded(content: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let total = 0;
  for await (const chunk of content) {
    total += chunk.length;
    if (total > limits.unpackedBytes + overheadBytes) {
      throw new CodedError('SOURCE_TOO_LARGE', `The source is larger than ${limits.unpackedBytes} bytes unpacked`, {
        field: 's3_key',
      });
    }
    yield chunk;
  }
}

/** @param content the archive as it is stored */
export const readTarGz = async (content: AsyncIterable<Buffer>, spool: Spool): Promise<void> => {
  const archive = extract();
  const unpacking = pipeline(content, createGunzip(), bounded, archive);
  // Whoever fails first ends both; the reason is the one that the loop or the pipeline gives.
  unpacking.catch(() => undefined);
  let count = 0;
  try {
    for await (const entry of archive) {
      countEntry(++count);
      const { name, type, mode, size } = entry.header;
      if (type === 'file' || type === 'contiguous-file')
        await spool.add(name, (mode & 0o100) !== 0, entry as AsyncIterable<Buffer>, size);
      else if (type !== 'directory') refuseKind(name, type);
      else {
        spool.addFolder(name);
        entry.resume();
      }
    }
    await unpacking;
  } catch (thrown) {
    // The loop is told that the stream closed early; why stands in the pipeline.
    const cause =
      thrown instanceof CodedError
        ? thrown
        : await unpacking.then(
            () => thrown,
            (reason: unknown) => reason,
          );
    throw asRefusal('tar.gz', cause);
  }
};

/** Unix mode bits, in the upper half of the external attributes when the archive was made on Unix (APPNOTE 4.4.2, 4.4.15). */
const unixMode = (entry: Entry): number => (entry.versionMadeBy >>> 8 === 3 ? entry.externalFileAttributes >>> 16 : 0);
const typeBits = 0o170000;
const kinds: Record<number, string> = {
  0o120000: 'symlink',
  0o020000: 'device',
  0o060000: 'device',
  0o010000: 'fifo',
  0o140000: 'socket',
};

const readZipEntry = async (zip: ZipFile, entry: Entry, spool: Spool): Promise<void> => {
  const mode = unixMode(entry);
  const kind = kinds[mode & typeBits];
  if (kind !== undefined) refuseKind(entry.fileName, kind);
  if (entry.isEncrypted()) refuseKind(entry.fileName, 'file under a password');
  if (entry.fileName.endsWith('/')) spool.addFolder(entry.fileName);
  else await spool.add(entry.fileName, (mode & 0o100) !== 0, contentOf(zip, entry), entry.uncompressedSize);
};

/** Opened only once the spool asks for it: what it refuses by its name or its size would never be closed. */
async function* contentOf(zip: ZipFile, entry: Entry): AsyncIterable<Buffer> {
  yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>;
}

/** A zip's index stands at its end, so it is stored before it is read. */
export const readZip = async (content: AsyncIterable<Buffer>, spool: Spool): Promise<void> => {
  const path = join(spool.folder, 'source.zip');
  await pipeline(Readable.from(content), createWriteStream(path));
  let count = 0;
  try {
    const zip = await openPromise(path, { autoClose: false, strictFileNames: true });
    try {
      countEntry(zip.entryCount);
      for await (const entry of zip.eachEntry()) {
        countEntry(++count);
        await readZipEntry(zip, entry, spool);
      }
    } finally {
      zip.close();
    }
  } catch (thrown) {
    throw asRefusal('zip', thrown);
  }
};
