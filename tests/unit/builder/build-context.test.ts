import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, gzipSync } from 'node:zlib';
import { extract, pack } from 'tar-stream';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import { packContext } from '../../../src/builder/build-context.ts';
import { readSource } from '../../../src/builder/read-source.ts';
import { createTemplates } from '../../../src/builder/template.ts';

const templates = createTemplates('templates');

type File = { path: string; content: string; mode?: number };

const tarGz = async (files: readonly File[]): Promise<Buffer> => {
  const archive = pack();
  for (const { path, content, mode = 0o644 } of files) archive.entry({ name: path, mode, mtime: new Date() }, content);
  archive.finalize();
  return gzipSync(await buffer(archive));
};

const entriesOf = async (context: Buffer): Promise<Map<string, { text: string; mode: number; mtime: number; uid: number }>> => {
  const entries = new Map<string, { text: string; mode: number; mtime: number; uid: number }>();
  const reader = extract();
  reader.end(gunzipSync(context));
  for await (const entry of reader) {
    const { name, mode, mtime, uid } = entry.header;
    entries.set(name, { text: (await buffer(entry)).toString('utf8'), mode, mtime: mtime.getTime(), uid });
  }
  return entries;
};

describe('the build context', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'context-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  const put = async (path: string, content: string | Buffer): Promise<void> => {
    await mkdir(dirname(join(root, 'sources', path)), { recursive: true });
    await writeFile(join(root, 'sources', path), content);
  };

  const contextOf = async (key: string, handler?: string): Promise<{ context: Buffer; contentHash: string }> => {
    const source = await readSource(createLocalObjectStore(join(root, 'sources')), key, 'nodejs24', join(root, 'spool'));
    try {
      return {
        context: await buffer(packContext(source, await templates('nodejs'), 'nodejs24', handler)),
        contentHash: source.contentHash,
      };
    } finally {
      await source.spool.remove();
    }
  };

  const files: File[] = [
    { path: 'package.json', content: '{"name":"x"}' },
    { path: 'index.js', content: 'export const handle = () => 1;' },
    { path: 'lib/run.sh', content: '#!/bin/sh\n', mode: 0o755 },
  ];

  it('holds the template, the source, its manifests apart, and what the wrapper has to know; and no name of anybody', async () => {
    await put('fn.tar.gz', await tarGz(files));
    const entries = await entriesOf((await contextOf('fn.tar.gz', 'index.handle')).context);
    expect([...entries.keys()]).toEqual([...entries.keys()].toSorted());
    expect(JSON.parse(entries.get('function.json')?.text ?? '')).toEqual({
      runtime: 'nodejs24',
      entry: null,
      handler: 'index.handle',
    });
    expect(entries.get('manifest/.names')?.text).toBe('package.json\n');
    expect(entries.get('manifest/package.json')?.text).toBe('{"name":"x"}');
    expect(entries.get('function/lib/run.sh')?.mode).toBe(0o755);
    expect(entries.has('Dockerfile') && entries.has('build/install.sh') && entries.has('wrapper/main.mjs')).toBe(true);
  });

  it('is the same, byte for byte, whatever the order, the times and the owners of the archive', async () => {
    await put('one.tar.gz', await tarGz(files));
    await put('other.tar.gz', await tarGz(files.toReversed()));
    const one = await contextOf('one.tar.gz');
    const other = await contextOf('other.tar.gz');
    expect(one.context.equals(other.context)).toBe(true);
    for (const { mtime, uid } of (await entriesOf(one.context)).values()) expect([mtime, uid]).toEqual([0, 0]);
  });

  it('is another one when a byte, a path, a mode or the handler is', async () => {
    const hashes = new Set<string>();
    const add = async (key: string, handler?: string) =>
      hashes.add(
        createHash('sha256')
          .update((await contextOf(key, handler)).context)
          .digest('hex'),
      );
    await put('a.tar.gz', await tarGz(files));
    await put('b.tar.gz', await tarGz(files.map((file) => ({ ...file, content: `${file.content} ` }))));
    await put('c.tar.gz', await tarGz(files.map((file) => ({ ...file, path: `x/${file.path}` }))));
    await put('d.tar.gz', await tarGz(files.map((file) => ({ ...file, mode: 0o755 }))));
    for (const key of ['a', 'b', 'c', 'd']) await add(`${key}.tar.gz`);
    await add('a.tar.gz', 'index.other');
    expect(hashes.size).toBe(5);
  });

  it('of a prefix does not depend on when its objects were written', async () => {
    for (const { path, content } of files) await put(`folder/${path}`, content);
    const before = await contextOf('folder/');
    await utimes(join(root, 'sources/folder/index.js'), new Date(0), new Date(0));
    await chmod(join(root, 'sources/folder/index.js'), 0o600);
    const after = await contextOf('folder/');
    expect(after.contentHash).toBe(before.contentHash);
    expect(after.context.equals(before.context)).toBe(true);
  });

  it('of a file without an extension gives it the name that its runtime starts', async () => {
    await put('global/parser/p-1', 'export const handle = () => 1;');
    const entries = await entriesOf((await contextOf('global/parser/p-1')).context);
    expect(entries.get('function/index.js')?.text).toContain('handle');
    expect(JSON.parse(entries.get('function.json')?.text ?? '')).toMatchObject({ entry: 'index.js' });
  });

  it('leaves nothing in the spool, neither packed nor refused', async () => {
    await put('fn.tar.gz', await tarGz(files));
    await put('bad.tar.gz', await tarGz([{ path: '../out', content: 'x' }]));
    await contextOf('fn.tar.gz');
    await expect(contextOf('bad.tar.gz')).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    expect(await readdir(join(root, 'spool'))).toEqual([]);
  });
});
