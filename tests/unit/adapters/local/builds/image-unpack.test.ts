import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { unpackContext } from '../../../../../src/adapters/local/builds/image-unpack.ts';
import { packed, type ContextFile } from '../../../../contract/image-builder-local.ts';

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'image-unpack-'));
  folder = join(root, 'in', 'folder');
  mkdirSync(folder, { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const never = new AbortController().signal;
const unpack = (...files: ContextFile[]): Promise<void> => unpackContext(packed(files), folder, never);
const everything = (): string[] => readdirSync(root, { recursive: true }).map(String).sort();

describe('unpacking a build context', () => {
  test('gives the files, their contents and whether they can be run; owners and other bits of the mode are left out', async () => {
    await unpack(
      { path: 'function.json', content: '{}' },
      { path: 'function/', type: 'directory' },
      { path: 'function/deep/er/x.js', content: 'x' },
      { path: 'function/run', content: '#!', mode: 0o4777 },
      { path: 'function/empty' },
    );
    expect(everything()).toEqual(
      [
        'in',
        'in/folder',
        ...[
          'function',
          'function.json',
          'function/deep',
          'function/deep/er',
          'function/deep/er/x.js',
          'function/empty',
          'function/run',
        ].map((path) => `in/folder/${path}`),
      ].sort(),
    );
    expect(readFileSync(join(folder, 'function/deep/er/x.js'), 'utf8')).toBe('x');
    expect(statSync(join(folder, 'function/run')).mode & 0o7111).toBe(0o111);
    expect(statSync(join(folder, 'function/empty')).mode & 0o7111).toBe(0);
  });

  test('takes the longest path that a source may have', async () => {
    const path = `${'a/'.repeat(200)}${'b'.repeat(112)}`;
    expect(path).toHaveLength(512);
    await unpack({ path: `function/${path}`, content: 'x' });
    expect(readFileSync(join(folder, 'function', path), 'utf8')).toBe('x');
  });

  const hostile: [string, ContextFile[]][] = [
    ['a path that climbs', [{ path: '../out' }]],
    ['a path that climbs later', [{ path: 'function/../../../out' }]],
    ['an absolute path', [{ path: '/tmp/out' }]],
    ['an absolute path below a folder', [{ path: 'function//tmp/out' }]],
    ['a drive', [{ path: 'C:/out' }]],
    ['a control character', [{ path: 'function/a\nb' }]],
    ['a symbolic link', [{ path: 'function/link', type: 'symlink', linkname: '/etc' }]],
    [
      'a symbolic link and a file through it',
      [{ path: 'function/link', type: 'symlink', linkname: '../..' }, { path: 'function/link/out' }],
    ],
    ['a hard link', [{ path: 'function/link', type: 'link', linkname: '/etc/passwd' }]],
    ['a device', [{ path: 'function/null', type: 'character-device' }]],
    ['a pipe', [{ path: 'function/pipe', type: 'fifo' }]],
    ['one path twice', [{ path: 'function/a' }, { path: 'function/./a' }]],
    ['a file that is a folder too', [{ path: 'function/a' }, { path: 'function/a/b' }]],
    ['a name longer than a file system takes', [{ path: `function/${'n'.repeat(300)}` }]],
    ['dependencies of its own', [{ path: 'dependencies/node_modules/x.js' }]],
    ['too long a path', [{ path: `function/${'a/'.repeat(300)}x` }]],
  ];
  test.each(hostile)('refuses %s, and nothing is written outside of the folder', async (_, files) => {
    await expect(unpack(...files)).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    expect(everything().filter((path) => !path.startsWith('in/folder') && path !== 'in')).toEqual([]);
  });

  test('refuses what is no archive, and an archive that breaks off', async () => {
    await expect(unpackContext(Readable.from([Buffer.from('not gzip')]), folder, never)).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
    });
    const whole = await buffer(packed([{ path: 'function/a', content: 'x'.repeat(100_000) }]));
    for (const part of [0.3, 0.6, 0.95]) {
      const cut = whole.subarray(0, Math.floor(whole.length * part));
      await expect(unpackContext(Readable.from([cut]), join(root, 'in'), never)).rejects.toMatchObject({
        code: 'SOURCE_INVALID',
      });
      rmSync(join(root, 'in', 'function'), { recursive: true, force: true });
    }
  });

  test('refuses more entries than a source may have', async () => {
    const header = gunzipSync(await buffer(packed([{ path: 'function/', type: 'directory' }])));
    const many = Array.from({ length: 11_001 }, () => header.subarray(0, 512));
    await expect(unpackContext(Readable.from([gzipSync(Buffer.concat(many))]), folder, never)).rejects.toMatchObject({
      code: 'SOURCE_INVALID',
      message: expect.stringContaining('too many') as unknown,
    });
  });

  test('stops when the signal fires, with its reason', async () => {
    const reason = { status: 'cancelled' };
    const endless = new Readable({ read: () => undefined });
    const stop = new AbortController();
    const unpacking = unpackContext(endless, folder, stop.signal);
    stop.abort(reason);
    await expect(unpacking).rejects.toBe(reason);
    expect(endless.destroyed).toBe(true);
  });
});
