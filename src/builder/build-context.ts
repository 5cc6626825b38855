// Source + template → the build context (templates/README.md): a tar.gz that is the same, byte for byte, for the same input.
// Streamed from the spool; memory does not grow with the source.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import type { Runtime } from '../core/source.ts';
import type { SpooledEntry } from './spool.ts';
import type { Source } from './read-source.ts';
import type { Template } from './template.ts';

type ContextEntry = { path: string; mode: number; content: Buffer | SpooledEntry };

/** What the wrapper has to know of the source. No tenant, no function: equal sources share a context. */
const functionJson = (runtime: Runtime, entry: string | null, handler: string | undefined): Buffer =>
  Buffer.from(`${JSON.stringify({ runtime, entry, handler: handler ?? null })}\n`);

const contextEntries = (source: Source, template: Template, runtime: Runtime, handler: string | undefined): ContextEntry[] => {
  const entries = source.spool.entries();
  const found = entries.filter(({ path }) => template.manifests.includes(path));
  return [
    ...template.files,
    { path: 'function.json', mode: 0o644, content: functionJson(runtime, source.entry, handler) },
    { path: 'manifest/.names', mode: 0o644, content: Buffer.from(found.map(({ path }) => `${path}\n`).join('')) },
    ...found.map((entry) => ({ path: `manifest/${entry.path}`, mode: 0o644, content: entry })),
    ...entries.map((entry) => ({ path: `function/${entry.path}`, mode: entry.executable ? 0o755 : 0o644, content: entry })),
  ].sort((a, b) => (a.path < b.path ? -1 : 1));
};

/** Owner root, the epoch as time: what differs between two machines is left out. */
const fixed = { mtime: new Date(0), uid: 0, gid: 0, uname: '', gname: '' };

const addEntry = async (archive: Pack, { path, mode, content }: ContextEntry, source: Source): Promise<void> => {
  const header = { ...fixed, name: path, mode, size: Buffer.isBuffer(content) ? content.length : content.size };
  if (Buffer.isBuffer(content) || content.size === 0) {
    archive.entry(header, Buffer.isBuffer(content) ? content : Buffer.alloc(0));
    return;
  }
  await pipeline(source.spool.open(content), archive.entry(header));
};

const fill = async (archive: Pack, entries: readonly ContextEntry[], source: Source): Promise<void> => {
  for (const entry of entries) await addEntry(archive, entry, source);
  archive.finalize();
};

/** The context as a stream of gzip bytes; it fails as a whole when reading the spool fails. */
export const packContext = (source: Source, template: Template, runtime: Runtime, handler: string | undefined): Readable => {
  const archive = pack();
  fill(archive, contextEntries(source, template, runtime, handler), source).catch((error: unknown) =>
    archive.destroy(error as Error),
  );
  // Level 1: a context lives for one build; its upload is not what takes long.
  const gzip = createGzip({ level: 1, chunkSize: 256 * 1024 });
  pipeline(Readable.from(archive as AsyncIterable<Buffer>), gzip).catch((error: unknown) => gzip.destroy(error as Error));
  return gzip;
};
