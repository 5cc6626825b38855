// Node can follow an event through everything that it awaits, so what is printed on its behalf says so.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked } from './cases/case.ts';
import { buildFunction } from './harness/build.ts';
import { startFunction } from './harness/function-process.ts';
import { removeFolder, whatIsLeft } from './harness/leaks.ts';
import { send } from './harness/raw-http.ts';

const source = `
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export async function handle({ word, ms }) {
  await pause(ms);
  console.log('first %s', word);
  setTimeout(() => console.error('late %s', word), 50);
  if (word === 'a') setTimeout(() => { throw new Error('thrown late by a'); }, 60);
}
`;
const follows = Number.parseInt(process.versions.node, 10) >= 24;

describe('what a nodejs function prints', () => {
  let root = '';
  beforeAll(async () => {
    root = await buildFunction('nodejs', { files: { 'index.mjs': source } });
  }, 60_000);
  afterAll(async () => {
    await removeFolder(root);
    expect(await whatIsLeft()).toEqual([]);
  });

  (follows ? test : test.skip)('carries the ids of its own event, also beside others and after the reply', async () => {
    const running = await startFunction('nodejs', root);
    const words = ['a', 'b', 'c'];
    await Promise.all(
      words.map((word, row) => send(running.port, asked({ word, ms: 60 - row * 20 }, { 'ce-id': `id-${word}` }))),
    );
    for (const word of words) {
      for (const text of [`first ${word}`, `late ${word}`]) {
        expect(await running.line(({ msg }) => msg === text)).toMatchObject({ event_id: `id-${word}` });
      }
    }
    const failed = await running.line(({ msg }) => msg === 'function failed in the background');
    expect(failed).toMatchObject({ event_id: 'id-a', error: expect.stringContaining('thrown late by a') });
    await running.stop();
  });
});
