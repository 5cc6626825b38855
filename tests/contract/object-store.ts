// What src/ports.ts says of an ObjectStore, against whichever adapter the factory makes.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import type { ObjectStore } from '../../src/ports.ts';

export type StoreUnderTest = { store: ObjectStore; close(): Promise<void> };

const textOf = async (store: ObjectStore, key: string): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of (await store.read(key)) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

const keysOf = async (store: ObjectStore, prefix: string): Promise<string[]> =>
  (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);

export const objectStoreContract = (open: () => Promise<StoreUnderTest>): void => {
  let store: ObjectStore;
  let opened: StoreUnderTest;

  beforeEach(async () => {
    opened = await open();
    ({ store } = opened);
  });
  afterEach(() => opened.close());

  it('reads what was written, and tells its size', async () => {
    expect(await store.write('a/b/c.txt', Buffer.from('grüße'))).toBe('written');
    expect(await textOf(store, 'a/b/c.txt')).toBe('grüße');
    expect(await store.head('a/b/c.txt')).toMatchObject({ key: 'a/b/c.txt', size: 7 });
  });

  it('knows nothing of a key that was never written, and says SOURCE_NOT_FOUND before any byte', async () => {
    expect(await store.head('nothing')).toBeUndefined();
    await expect(store.read('nothing')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('changes the version when the content changes', async () => {
    await store.write('k', Buffer.from('one'));
    const before = await store.head('k');
    await store.write('k', Buffer.from('two and more'));
    expect((await store.head('k'))?.version).not.toBe(before?.version);
    expect(await textOf(store, 'k')).toBe('two and more');
  });

  it('leaves an object that is there, when asked to write only if there is none', async () => {
    expect(await store.write('k', Buffer.from('first'), { ifAbsent: true })).toBe('written');
    expect(await store.write('k', Buffer.from('second'), { ifAbsent: true })).toBe('exists');
    expect(await textOf(store, 'k')).toBe('first');
  });

  it('takes a stream of any length, and leaves nothing of one that fails', async () => {
    const chunks = Array.from({ length: 300 }, () => Buffer.alloc(64 * 1024, 'x'));
    await store.write('large', Readable.from(chunks));
    expect((await store.head('large'))?.size).toBe(300 * 64 * 1024);
    await store.write('kept', Buffer.from('before'));
    async function* failing(): AsyncIterable<Buffer> {
      yield Buffer.from('half');
      await Promise.resolve();
      throw new Error('the source broke');
    }
    await expect(store.write('kept', Readable.from(failing()))).rejects.toThrow();
    expect(await textOf(store, 'kept')).toBe('before');
    expect(await keysOf(store, '')).toEqual(['kept', 'large']);
  });

  it('lists by prefix, in the order of the keys, also across what looks like folders', async () => {
    for (const key of ['p/b', 'p/a/2', 'p/a/1', 'q', 'p/a-b']) await store.write(key, Buffer.from(key));
    expect(await keysOf(store, 'p/')).toEqual(['p/a-b', 'p/a/1', 'p/a/2', 'p/b']);
    expect(await keysOf(store, 'p/a')).toEqual(['p/a-b', 'p/a/1', 'p/a/2']);
    expect(await keysOf(store, 'none/')).toEqual([]);
  });

  it('removes, and removing what is gone is success', async () => {
    await store.write('k', Buffer.from('x'));
    await store.remove('k');
    await store.remove('k');
    expect(await store.head('k')).toBeUndefined();
  });

  it('gives a whole object to whoever reads while another writes', async () => {
    const one = 'a'.repeat(200_000);
    const two = 'b'.repeat(200_000);
    await store.write('k', Buffer.from(one));
    const writing = Promise.all(Array.from({ length: 20 }, (_, index) => store.write('k', Buffer.from(index % 2 ? one : two))));
    for (let tries = 0; tries < 20; tries++) expect([one, two]).toContain(await textOf(store, 'k'));
    await writing;
  });
};
