// What is remembered of a source has to be what reading it again gives: the context is packed under a key that is made of it.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import { createSourceReader } from '../../../src/builder/source-facts.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-facts-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const take = () => Promise.resolve(() => undefined);

it.each([
  ['parser.mjs', undefined, 'parser.mjs'],
  ['no-extension', 'nodejs', 'index.js'],
  // It is a manifest by its name, which tells the runtime: still nobody has asked for one.
  ['package.json', undefined, 'package.json'],
] as const)('of "%s" is the name of the file that is packed, also when it is read again', async (key, asked, entry) => {
  await writeFile(join(folder, key), 'export const handle = () => 1;\n');
  const reader = createSourceReader(createLocalObjectStore(folder), join(folder, '.spool'), take);
  const first = await reader.facts(key, asked);
  const again = await reader.read(key, asked);
  expect([first.facts, first.source, again]).toMatchObject([{ kind: 'file', entry }, { entry }, { entry }]);
  await Promise.all([first.source?.spool.remove(), again.spool.remove()]);
  expect(await reader.facts(key, asked)).toEqual({ facts: first.facts });
});
