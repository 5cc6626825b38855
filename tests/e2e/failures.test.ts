import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFolders, groupsLeft, slowTemplates, startHere, until, writeSource, type Folders } from './support/platform.ts';

type Letter = { id: string; category: string; reason: string; attempts: number; type: string; eventId: string; function: string };

describe('what goes wrong', () => {
  let folders: Folders;
  let platform: Awaited<ReturnType<typeof startHere>>;

  beforeAll(async () => {
    folders = await createFolders();
    await writeSource(folders, {
      'broken/package.json': '{"name":"broken","dependencies":{"missing":"file:./not-there.tgz"}}',
      'broken/index.js': 'export const handle = () => 1;',
      'crash.js': 'export const handle = () => { process.exit(3); };',
      'throws.js': "export const handle = () => { throw new Error('not today'); };",
      'never.js': "export const handle = () => { throw Object.assign(new Error('no such block'), { retryable: false }); };",
      'ok.js': 'export const handle = () => 1;',
    });
    platform = await startHere(folders, { READY_TIMEOUT_SECONDS: '10', DELIVERY_RETRIES: '2' });
  });

  afterAll(async () => {
    await platform.close();
    expect(await groupsLeft(folders)).toEqual([]);
    await folders.remove();
  });

  const letterOf = (name: string): Promise<Letter> =>
    until(
      `there is a dead letter of ${name}`,
      async () => ((await platform.get(`/dead-letters?third_party_id=acme&parser_id=${name}`)).body.dead_letters as Letter[])[0],
      60_000,
    );

  const run = (name: string, s3Key: string, id: string) =>
    platform.post('parser.start', { third_party_id: 'acme', parser_id: name, s3_key: s3Key }, { 'ce-id': id });

  it('a failing build keeps its log and its reason, and what waited for it becomes a dead letter with that reason', async () => {
    const { body } = await run('broken', 'broken/', 'b-1');
    const build = await until('the build has failed', async () => {
      const shown = (await platform.get(`/builds/${String(body.build_id)}`)).body;
      return shown.status === 'failed' ? shown : undefined;
    });
    expect(build.exit_code).toBeGreaterThan(0);
    expect(build.error_message).toMatch(/not-there\.tgz/);
    const log = await (await fetch(`${platform.address}/builds/${String(body.build_id)}/logs`)).text();
    expect(log).toMatch(/npm error/);
    expect(await letterOf('broken')).toMatchObject({
      category: 'build_failed',
      eventId: 'b-1',
      type: 'network.notifi.lambda.parser.start',
    });
  });

  it('an equal event does not build it again for five minutes, and says why and until when', async () => {
    const again = await platform.post('build.start', { third_party_id: 'acme', parser_id: 'broken', s3_key: 'broken/' });
    expect(again).toMatchObject({ status: 200, body: { status: 'skipped' } });
    expect(again.body.message).toMatch(/ended as "failed".*not-there\.tgz.*after \d{4}-/s);
    expect(await run('broken', 'broken/', 'b-2')).toMatchObject({ status: 422, body: { code: 'BUILD_FAILED' } });
  });

  it('follows a log as server-sent events to the end of the build', async () => {
    const { body } = await platform.post('build.start', { third_party_id: 'acme', parser_id: 'followed', s3_key: 'ok.js' });
    const stream = await (await fetch(`${platform.address}/builds/${String(body.build_id)}/logs?follow=true`)).text();
    expect(stream).toMatch(/^id: \d+\ndata: /);
    expect(stream).toMatch(/event: end\ndata: \{"status":"complete"\}/);
  });

  it('a function that crashes is tried again and is a dead letter in the end, with the number of tries', async () => {
    await run('crash', 'crash.js', 'c-1');
    expect(await letterOf('crash')).toMatchObject({ category: 'subscriber_unavailable', attempts: 3 });
  });

  it('a function that throws is tried again, and its last error is the reason', async () => {
    await run('throws', 'throws.js', 't-1');
    expect(await letterOf('throws')).toMatchObject({
      category: 'subscriber_unavailable',
      attempts: 3,
      reason: expect.stringContaining('not today') as unknown,
    });
  });

  it('a permanent failure of a function is a dead letter after one try', async () => {
    await run('never', 'never.js', 'n-1');
    expect(await letterOf('never')).toMatchObject({
      category: 'function_error_permanent',
      attempts: 1,
      reason: expect.stringContaining('no such block') as unknown,
    });
  });

  it('a dead letter can be redriven once its function is mended', async () => {
    const { id } = await letterOf('throws');
    await writeSource(folders, { 'throws.js': "export const handle = () => 'mended';" });
    const { body } = await platform.post('build.start', { third_party_id: 'acme', parser_id: 'throws', s3_key: 'throws.js' });
    await until('the mended function is deployed', async () => {
      const { body: shown } = await platform.get('/functions/acme/throws');
      return (shown.last_build as { build_id: string }).build_id === body.build_id &&
        (shown.links as { build: string }).build.endsWith(body.build_id) &&
        shown.ready === true
        ? true
        : undefined;
    });
    await fetch(`${platform.address}/dead-letters/${id}/redrive`, { method: 'POST' });
    const result = await until('the redriven event has run', async () =>
      (
        (await platform.get('/functions/acme/throws/results')).body.results as { outcome: string; reply: { data: unknown } }[]
      ).find(({ outcome }) => outcome === 'done'),
    );
    expect(result.reply.data).toBe('mended');
  });
});

describe('build.cancel', () => {
  it('ends the build with all its processes before it answers, and what waited becomes a dead letter', async () => {
    const folders = await createFolders();
    await writeSource(folders, { 'ok.js': 'export const handle = () => 1;' });
    const platform = await startHere(folders, {}, await slowTemplates(folders, 300));
    try {
      const { body } = await platform.post('parser.start', { third_party_id: 'acme', parser_id: 'slow', s3_key: 'ok.js' });
      await until('the build runs', async () => ((await groupsLeft(folders)).length > 0 ? true : undefined));
      const cancelled = await platform.post('build.cancel', {
        third_party_id: 'acme',
        parser_id: 'slow',
        reason: 'changed my mind',
      });
      expect(cancelled).toMatchObject({ status: 200, body: { status: 'acknowledged', build_id: body.build_id } });
      expect(await groupsLeft(folders)).toEqual([]);
      expect((await platform.get(`/builds/${String(body.build_id)}`)).body.status).toBe('cancelled');
      const letters = await until('the waiting event is a dead letter', async () => {
        const found = (await platform.get('/dead-letters')).body.dead_letters as Letter[];
        return found.length > 0 ? found : undefined;
      });
      expect(letters).toEqual([
        expect.objectContaining({ category: 'build_failed', reason: expect.stringContaining('changed my mind') as unknown }),
      ]);
    } finally {
      await platform.close();
      await folders.remove();
    }
  });
});
