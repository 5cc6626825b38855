import { describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalObjectStore } from '../../src/adapters/local/object-store.ts';
import { objectStoreContract } from './object-store.ts';

describe('the object store as a folder', () => {
  objectStoreContract(async () => {
    const root = await mkdtemp(join(tmpdir(), 'object-store-'));
    return { store: createLocalObjectStore(join(root, 'store')), close: () => rm(root, { recursive: true }) };
  });

  it('shows nothing outside of its folder, by whatever key or link', async () => {
    const root = await mkdtemp(join(tmpdir(), 'object-store-'));
    await mkdir(join(root, 'store'));
    await writeFile(join(root, 'secret'), 'secret');
    await symlink(join(root, 'secret'), join(root, 'store/link'));
    const store = createLocalObjectStore(join(root, 'store'));
    for (const key of ['../secret', '/etc/passwd', 'a/../../secret', 'link']) {
      expect(await store.head(key)).toBeUndefined();
      await expect(store.read(key)).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    }
    await rm(root, { recursive: true });
  });
});
