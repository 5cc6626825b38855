import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFolders, slowTemplates, startHere, until, writeSource, type Folders } from './support/platform.ts';

type Build = {
  build_id: string;
  parser_id: string;
  third_party_id: string;
  status: string;
  started_at: string;
  ended_at: string;
};

describe('ten functions at once with two build slots', () => {
  let folders: Folders;
  let platform: Awaited<ReturnType<typeof startHere>>;

  beforeEach(async () => {
    folders = await createFolders();
    const sources = Array.from({ length: 10 }, (_, index) => [`f${index}.js`, `export const handle = () => ${index};`]);
    await writeSource(folders, Object.fromEntries(sources) as Record<string, string>);
    platform = await startHere(folders, { MAX_CONCURRENT_JOBS: '2' }, await slowTemplates(folders, 1.5));
  });

  afterEach(async () => {
    await platform.close();
    await folders.remove();
  });

  it('start by priority, then by how few the tenant has running, then by age; and never more than two run', async () => {
    // Two of tenant a take the slots; of the rest, priority 1 goes first, then tenant b before a's older ones.
    const wishes: [tenant: string, priority: number][] = [
      ['a', 5],
      ['a', 5],
      ['a', 5],
      ['a', 5],
      ['b', 5],
      ['b', 5],
      ['a', 9],
      ['b', 9],
      ['a', 1],
      ['a', 2],
    ];
    const answers = [];
    for (const [index, [tenant, priority]] of wishes.entries()) {
      answers.push(
        await platform.post('build.start', { third_party_id: tenant, parser_id: `f${index}`, s3_key: `f${index}.js`, priority }),
      );
    }
    expect(answers.map(({ body }) => body.status)).toEqual(['started', 'started', ...Array<string>(8).fill('queued')]);
    const builds = await until(
      'all ten are built',
      async () => {
        const found = (await platform.get('/builds?limit=100')).body.builds as Build[];
        return found.filter(({ status }) => status === 'complete').length === 10 ? found : undefined;
      },
      60_000,
    );
    const order = builds
      .toSorted((one, other) => one.started_at.localeCompare(other.started_at))
      .map(({ parser_id: name }) => name);
    expect(order.slice(2, 4)).toEqual(['f8', 'f9']);
    // When f8 or f9 ends, one of tenant a still runs: b's older goes first, then both have one running and a's f2 is older than b's f5.
    expect(order.slice(4, 8)).toEqual(
      ['f4', 'f2', 'f3', 'f5'].toSorted((one, other) => order.indexOf(one) - order.indexOf(other)),
    );
    expect(order[4]).toBe('f4');
    expect(order.slice(8).toSorted()).toEqual(['f6', 'f7']);
    for (const { started_at: at } of builds) {
      const running = builds.filter(({ started_at: from, ended_at: to }) => from <= at && at < to);
      expect(running.length).toBeLessThanOrEqual(2);
    }
  });
});
