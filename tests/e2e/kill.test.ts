import { afterEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFolders, groupsLeft, startProcess, until, writeSource, type Folders, type Started } from './support/platform.ts';

const kills = 20;
const eventCount = 200;
const functionCount = 8;

/** Each run of a function leaves a line: what ran, and how often. */
const source = (log: string, name: string): string => `
import { appendFileSync } from 'node:fs';
export const handle = async (data, context) => {
  await new Promise((resolve) => setTimeout(resolve, 20));
  appendFileSync(${JSON.stringify(log)}, context.event.id + '\\n');
  return { by: ${JSON.stringify(name)} };
};`;

/** The same numbers at every run: a failure can be looked at again. */
const createRandom = (seed: number) => (): number => {
  seed = (seed * 1_664_525 + 1_013_904_223) % 2 ** 32;
  return seed / 2 ** 32;
};

type Sent = { id: string; promised: boolean; last: string };

/** Sends until somebody answers 2xx, as a broker would: to whichever process is there. */
const send = async (current: () => Started, index: number): Promise<Sent> => {
  const name = `f${index % functionCount}`;
  const id = `e-${index}`;
  let last = 'nothing was sent';
  for (const deadline = Date.now() + 200_000; Date.now() < deadline;) {
    try {
      const { status, body } = await current().post(
        'parser.start',
        { third_party_id: 'acme', parser_id: name, s3_key: `${name}.js`, n: index },
        { 'ce-id': id },
      );
      last = JSON.stringify(body);
      if (status < 300) return { id, promised: true, last };
    } catch (thrown) {
      last = String(thrown);
      // Nobody listens now, or the process died before it answered: nothing was promised.
    }
    await sleep(50);
  }
  return { id, promised: false, last };
};

const resultsIn = async ({ data }: Folders): Promise<{ event_id: string; outcome: string }[]> => {
  const root = join(data, 'results');
  const files = (await readdir(root, { recursive: true }).catch(() => [])).filter((name) => name.endsWith('.json'));
  return Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(root, name), 'utf8')) as { event_id: string; outcome: string }),
  );
};

const buildAttempts = async ({ data }: Folders): Promise<{ id: string; begun: number }[]> => {
  const folder = join(data, 'builds');
  const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  return Promise.all(
    logs.map(async (name) => ({
      id: name,
      begun: (await readFile(join(folder, name), 'utf8')).split('\n').filter((line) => /image sha256:|attempt \d+ /.test(line))
        .length,
    })),
  );
};

/** A failed expectation must not leave the platform running: nothing would end then. */
let onTestEnd = (): void => undefined;
afterEach(() => onTestEnd());

describe(`kill -9 at ${kills} random moments of a load of ${eventCount} events`, () => {
  it('loses nothing that was answered 2xx, and runs nothing again that has a finished record', async () => {
    const folders = await createFolders();
    const ran = join(folders.root, 'ran.log');
    await writeSource(
      folders,
      Object.fromEntries(Array.from({ length: functionCount }, (_, index) => [`f${index}.js`, source(ran, `f${index}`)])),
    );
    const random = createRandom(20_261_123);
    const killsOfFinished: string[] = [];
    let platform = await startProcess(folders);
    onTestEnd = () => void platform.process.kill('SIGKILL');
    const finishedBefore = new Map<string, number>();

    const sending = Promise.all(
      Array.from({ length: eventCount }, async (_, index) => {
        await sleep(random() * 15_000);
        return send(() => platform, index);
      }),
    );
    for (let kill = 0; kill < kills; kill++) {
      await sleep(100 + random() * 900);
      platform.process.kill('SIGKILL');
      await platform.ended;
      const runs = (await readFile(ran, 'utf8').catch(() => '')).split('\n');
      for (const { event_id: id, outcome } of await resultsIn(folders)) {
        const times = runs.filter((line) => line.startsWith(`${id}-`) || line === id).length;
        if (outcome !== 'done') continue;
        // Finished before an earlier kill: from then on it must not have run again.
        if (finishedBefore.has(id) && finishedBefore.get(id) !== times) killsOfFinished.push(id);
        finishedBefore.set(id, times);
      }
      platform = await startProcess(folders);
    }
    const sent = await sending;
    expect(sent.filter(({ promised }) => !promised)).toEqual([]);
    await until(
      'every promised event has its outcome',
      async () => ((await resultsIn(folders)).length >= eventCount ? true : undefined),
      60_000,
    );

    const results = await resultsIn(folders);
    const runs = (await readFile(ran, 'utf8')).trim().split('\n');
    const lost = sent.filter(({ id }) => !results.some(({ event_id: done }) => done === id));
    console.info({
      events: sent.length,
      results: results.length,
      runs: runs.length,
      lost: lost.length,
      kills,
      builds: await buildAttempts(folders),
    });
    expect(lost).toEqual([]);
    expect(results.filter(({ outcome }) => outcome !== 'done')).toEqual([]);
    expect(killsOfFinished).toEqual([]);
    // At least once: what was in hand when the process died may run again, at most the requests of one process per kill.
    expect(new Set(runs).size).toBe(eventCount);
    platform.process.kill('SIGTERM');
    expect(await platform.ended).toBe(0);
    expect(await groupsLeft(folders)).toEqual([]);
    await folders.remove();
  }, 300_000);
});
