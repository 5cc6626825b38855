import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { generated, withTables } from '../../scripts/docs.ts';

const tables = await generated();

describe('the tables of docs/', () => {
  it.each(Object.entries(tables))('%s says what the code does; `npm run docs` writes it anew', async (file, parts) => {
    expect(await readFile(file, 'utf8')).toBe(await withTables(file, parts));
  });
});
