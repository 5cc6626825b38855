import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createFolders, groupsLeft, startProcess, until, writeSource, type Client, type Folders } from './support/platform.ts';

const event = (name: string) => ({ third_party_id: 'acme', parser_id: name, s3_key: `${name}.js` });

const ranOnce = (client: Client, name: string): Promise<unknown> =>
  until(
    `${name} has run`,
    async () => {
      const { body } = await client.get(`/functions/acme/${name}/results`);
      return (body.results as { outcome: string }[] | undefined)?.find(({ outcome }) => outcome === 'done');
    },
    60_000,
  );

describe('SIGTERM in the middle of a build', () => {
  let folders: Folders;

  beforeEach(async () => {
    folders = await createFolders();
    await writeSource(folders, { 'one.js': 'export const handle = () => 1;', 'two.js': 'export const handle = () => 2;' });
  });

  afterEach(async () => {
    expect(await groupsLeft(folders)).toEqual([]);
    await folders.remove();
  });

  it('exits 0, leaves no process, and the next start finishes what was promised', async () => {
    const first = await startProcess(folders, { MAX_CONCURRENT_JOBS: '1' });
    expect((await first.post('parser.start', event('one'))).status).toBe(202);
    expect((await first.post('parser.start', event('two'))).status).toBe(202);
    first.process.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(await groupsLeft(folders)).toEqual([]);

    const second = await startProcess(folders);
    await ranOnce(second, 'one');
    await ranOnce(second, 'two');
    const { body } = await second.get('/builds');
    // Cut off by the stop, the attempt is run again; it is not a failure, so it is not counted as another.
    expect(body.builds).toEqual([expect.objectContaining({ attempt: 1 }), expect.objectContaining({ attempt: 1 })]);
    second.process.kill('SIGTERM');
    expect(await second.ended).toBe(0);
  });

  it('refuses to start twice on one data directory, and says so', async () => {
    const first = await startProcess(folders);
    await expect(startProcess(folders)).rejects.toThrow(/in use by process \d+.*DATA_DIR/s);
    first.process.kill('SIGTERM');
    expect(await first.ended).toBe(0);
  });
});

describe('settings', () => {
  it('are all reported at once when they are wrong, and the process exits 1', async () => {
    const folders = await createFolders();
    await expect(
      startProcess(folders, { MAX_CONCURRENT_JOBS: 'many', LOG_LEVEL: 'loud', BODY_LIMIT_BYTES: '0' }),
    ).rejects.toThrow(/(?=.*MAX_CONCURRENT_JOBS)(?=.*LOG_LEVEL)(?=.*BODY_LIMIT_BYTES)/s);
    await folders.remove();
  });
});

describe('SIGTERM while somebody follows a log and a function is at work', () => {
  it('ends both and exits 0 in time', async () => {
    const folders = await createFolders();
    await writeSource(folders, {
      'hang.js': 'export const handle = () => new Promise(() => setInterval(() => undefined, 1000));',
      'heavy/package.json': '{"name":"heavy","dependencies":{"missing":"http://127.0.0.1:9/never.tgz"}}',
      'heavy/index.js': 'export const handle = () => 1;',
    });
    const platform = await startProcess(folders, { SHUTDOWN_SECONDS: '8' });
    await platform.post('build.start', event('hang'));
    await until('the function is ready', async () =>
      (await platform.get('/functions/acme/hang')).body.ready === true ? true : undefined,
    );
    const running = fetch(`${platform.address}/functions/acme/hang/invoke`, { method: 'POST' });
    const { body } = await platform.post('build.start', { third_party_id: 'acme', parser_id: 'heavy', s3_key: 'heavy/' });
    const following = await fetch(`${platform.address}/builds/${String(body.build_id)}/logs?follow=true`);
    platform.process.kill('SIGTERM');
    expect(await platform.ended).toBe(0);
    // Cut off, not ended: the reader is not told that the build has ended.
    expect(await following.text()).not.toContain('event: end');
    expect((await running).status).toBe(503);
    expect(await groupsLeft(folders)).toEqual([]);
    await folders.remove();
  });
});
