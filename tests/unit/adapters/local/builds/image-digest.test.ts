import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentHashOf } from '../../../../../src/adapters/local/builds/image-digest.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'image-digest-'));
  fill('image');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const fill = (name: string): string => {
  const folder = join(root, name);
  mkdirSync(join(folder, 'function'), { recursive: true });
  writeFileSync(join(folder, 'function', 'index.js'), 'one');
  writeFileSync(join(folder, 'a-large-one'), Buffer.alloc(3 * 2 ** 20, 7));
  mkdirSync(join(folder, 'empty'));
  symlinkSync('../../layers/abc', join(folder, 'dependencies'));
  return folder;
};
const relink = (path: string, target: string): void => {
  unlinkSync(path);
  symlinkSync(target, path);
};
const replace = (path: string, content: string): void => {
  unlinkSync(path);
  writeFileSync(path, content);
};
const digest = (name = 'image'): Promise<string> => contentHashOf(join(root, name), new AbortController().signal);

describe('the digest of a folder', () => {
  test('is that of another folder of the same content, made at another time', async () => {
    const other = fill('other');
    utimesSync(join(other, 'function', 'index.js'), 1, 1);
    expect(await digest('other')).toBe(await digest());
    expect(await digest()).toMatch(/^[0-9a-f]{64}$/);
  });

  const changes: [string, (folder: string) => void][] = [
    ['a content', (folder) => writeFileSync(join(folder, 'function', 'index.js'), 'two')],
    ['a large content', (folder) => writeFileSync(join(folder, 'a-large-one'), Buffer.alloc(3 * 2 ** 20, 8))],
    ['a mode', (folder) => chmodSync(join(folder, 'function', 'index.js'), 0o755)],
    ['a name', (folder) => renameSync(join(folder, 'function', 'index.js'), join(folder, 'function', 'main.js'))],
    ['a place', (folder) => renameSync(join(folder, 'function', 'index.js'), join(folder, 'index.js'))],
    ['an empty folder', (folder) => rmSync(join(folder, 'empty'), { recursive: true })],
    ['the layer', (folder) => relink(join(folder, 'dependencies'), '../../layers/xyz')],
    ['a kind', (folder) => replace(join(folder, 'dependencies'), '../../layers/abc')],
  ];
  test.each(changes)('is another when %s is another', async (_, change) => {
    const before = await digest();
    change(join(root, 'image'));
    expect(await digest()).not.toBe(before);
  });

  test('is none of a folder with something that is no file, as it could block or change what is read', async () => {
    execFileSync('sh', ['-c', 'mkfifo "$0"', join(root, 'image', 'pipe')]);
    await expect(digest()).rejects.toThrow('neither a file, a folder nor a link');
  });

  test('is given up when the signal fires', async () => {
    await expect(contentHashOf(join(root, 'image'), AbortSignal.abort(new Error('enough')))).rejects.toThrow();
  });
});
