// The digest of a folder: over every path, kind, mode and content in it, and over nothing else, so equal content is one image.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/** Larger files are read as a stream. */
const wholeBytes = 1024 * 1024;
/** Files that are read at a time: enough to keep the disk busy. */
const atOnce = 8;

type Entry = { path: string; kind: 'file' | 'link' | 'folder' };

const entriesBelow = async (root: string, folder: string): Promise<Entry[]> => {
  const found: Entry[] = [];
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) found.push({ path, kind: 'folder' }, ...(await entriesBelow(root, path)));
    else if (entry.isFile()) found.push({ path, kind: 'file' });
    // Followed by nobody: the link to the dependencies ends in the key of their layer.
    else if (entry.isSymbolicLink()) found.push({ path, kind: 'link' });
    else throw new Error(`"${path}" is neither a file, a folder nor a link`);
  }
  return found;
};

const hashOf = async (path: string, size: number, signal: AbortSignal): Promise<string> => {
  const hash = createHash('sha256');
  if (size <= wholeBytes) return hash.update(await readFile(path, { signal })).digest('hex');
  for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
  return hash.digest('hex');
};

const lineOf = async (root: string, { path, kind }: Entry, signal: AbortSignal): Promise<string> => {
  const full = join(root, path);
  if (kind === 'link') return `link ${JSON.stringify(path)} ${JSON.stringify(await readlink(full))}`;
  const { mode, size } = await lstat(full);
  const permissions = (mode & 0o777).toString(8);
  if (kind === 'folder') return `folder ${permissions} ${JSON.stringify(path)}`;
  return `file ${permissions} ${JSON.stringify(path)} ${await hashOf(full, size, signal)}`;
};

/** @returns sha256, 64 hex digits, over the folder's entries in the order of their paths */
export const contentHashOf = async (root: string, signal: AbortSignal): Promise<string> => {
  const entries = (await entriesBelow(root, '')).sort((one, other) => (one.path < other.path ? -1 : 1));
  const hash = createHash('sha256');
  for (let first = 0; first < entries.length; first += atOnce) {
    const lines = await Promise.all(entries.slice(first, first + atOnce).map((entry) => lineOf(root, entry, signal)));
    hash.update(`${lines.join('\n')}\n`);
    signal.throwIfAborted();
  }
  return hash.digest('hex');
};
