// Each object that is opened holds a connection to the store, and there are only so many: whatever a source comes to, all are given back.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { readSource } from '../../../src/builder/read-source.ts';
import type { ObjectStore } from '../../../src/ports.ts';

const nothing = (): never => {
  throw new Error('Nobody should ask for this');
};

describe('a source that is a prefix', () => {
  let folder = '';
  let opened: Readable[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'read-source-'));
    opened = [];
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const storeOf = (keys: readonly string[]): ObjectStore => ({
    list: async function* () {
      for (const key of keys) yield await Promise.resolve({ key, size: 1, version: '1', modifiedAt: 0 });
    },
    read: (key) => {
      const stream = Readable.from([Buffer.from(key)]);
      opened.push(stream);
      return Promise.resolve(stream);
    },
    ...{ head: nothing, write: nothing, remove: nothing },
  });

  it.each([
    ['a backslash', ['p/a.js', 'p/a\\b.js']],
    ['too long a path', ['p/a.js', `p/${'d/'.repeat(256)}b.js`]],
    ['the path of another one', ['p/a//b.js', 'p/a/b.js']],
  ])('gives back every connection when an object is refused for %s', async (_, keys) => {
    await expect(readSource(storeOf(keys), 'p/', 'nodejs24', folder)).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true, true]);
    expect(await readdir(folder)).toEqual([]);
  });
});
