// Which file of a source is its way in, and which export of it.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, normalize, sep } from 'node:path';

const endings = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
const isSource = (name) => endings.some((ending) => name.endsWith(ending)) && !/\.d\.[mc]?ts$/.test(name);

/** @returns the path below the folder, or nothing when there is no such file. */
function fileAt(folder, path) {
  const inside = normalize(path);
  if (inside === '..' || inside.startsWith(`..${sep}`) || inside.startsWith(sep))
    throw new Error(`${path} lies outside of the source`);
  const full = join(folder, inside);
  return existsSync(full) && statSync(full).isFile() ? inside : undefined;
}

function fileOrGuess(folder, path) {
  for (const ending of ['', ...endings, ...endings.map((ending) => `/index${ending}`)]) {
    const found = fileAt(folder, `${path}${ending}`);
    if (found !== undefined && isSource(found)) return found;
  }
  return undefined;
}

function mainOfPackage(folder) {
  if (fileAt(folder, 'package.json') === undefined) return undefined;
  const { main } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  return typeof main === 'string' && main !== '' ? main : undefined;
}

function usualEntry(folder) {
  const main = mainOfPackage(folder);
  if (main !== undefined) {
    const found = fileOrGuess(folder, main) ?? fileOrGuess(folder, main.replace(/\.([mc]?)js$/, '.$1ts'));
    if (found === undefined) throw new Error(`package.json names ${main} as its main file, and it is not in the source`);
    return found;
  }
  const index = fileOrGuess(folder, 'index');
  if (index !== undefined) return index;
  const sources = readdirSync(folder).filter(isSource);
  if (sources.length === 1) return sources[0];
  throw new Error(
    `the source has no index.js, no "main" in package.json, and not exactly one file to choose; it has: ${sources.join(', ') || 'none'}`,
  );
}

/** `lib/parse.run` is the export run of lib/parse; `run` is an export of the usual file. */
function splitHandler(handler) {
  const dot = handler.lastIndexOf('.');
  return dot <= 0 ? { name: handler } : { path: handler.slice(0, dot), name: handler.slice(dot + 1) };
}

/**
 * @param {string} folder
 * @param {string | null} entry
 * @param {string | null} handler
 * @returns {{ file: string, name: string | null }}
 */
export function findEntry(folder, entry, handler) {
  const { path, name } = handler === null ? { name: null } : splitHandler(handler);
  const asked = path ?? entry;
  if (asked === null || asked === undefined) return { file: usualEntry(folder), name };
  const file = fileOrGuess(folder, asked);
  if (file === undefined) throw new Error(`${asked} is not in the source`);
  return { file, name };
}
