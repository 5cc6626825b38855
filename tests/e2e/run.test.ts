import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createFolders, groupsLeft, startHere, until, writeSource, type Client, type Folders } from './support/platform.ts';

const echo = 'export const handle = (data, context) => ({ echo: data, correlation: context.correlationId });';

type Result = {
  event_id: string;
  outcome: string;
  status: number;
  attempts: number;
  reply: { data: { echo: unknown; correlation: string }; extensions?: object; correlationid: string; traceparent: string };
};

const resultsOf = async (client: Client, name: string): Promise<Result[]> =>
  (await client.get(`/functions/acme/${name}/results`)).body.results as Result[];
const buildsOf = async (client: Client, name: string): Promise<{ build_id: string; attempt: number; status: string }[]> =>
  (await client.get(`/builds?third_party_id=acme&parser_id=${name}`)).body.builds as {
    build_id: string;
    attempt: number;
    status: string;
  }[];

describe('an event for a function that does not exist', () => {
  let folders: Folders;
  let platform: Awaited<ReturnType<typeof startHere>>;

  beforeAll(async () => {
    folders = await createFolders();
    await writeSource(folders, { 'parsers/echo.js': echo, 'elsewhere/echo.js': echo, 'global/parser/by-id/index.mjs': echo });
    platform = await startHere(folders);
  });

  afterAll(async () => {
    await platform.close();
    expect(await groupsLeft(folders)).toEqual([]);
    await folders.remove();
  });

  const run = async (name: string, data: object, attributes: Record<string, string> = {}) => {
    const answer = await platform.post('parser.start', { third_party_id: 'acme', parser_id: name, ...data }, attributes);
    const result = await until('the function has run', async () => (await resultsOf(platform, name).catch(() => []))[0]);
    return { answer, result };
  };

  it('is answered 202 pending, builds the function, runs it, and its reply can be read', async () => {
    const { answer, result } = await run(
      'first',
      { s3_key: 'parsers/echo.js', contextId: 'c-1' },
      { 'ce-id': 'one', 'ce-correlationid': 'corr-1' },
    );
    expect(answer).toMatchObject({
      status: 202,
      body: { status: 'pending', third_party_id: 'acme', parser_id: 'first', correlation_id: 'corr-1' },
    });
    expect(result).toMatchObject({ event_id: 'one', outcome: 'done', status: 200, attempts: 1 });
    expect(result.reply).toMatchObject({
      type: 'network.notifi.lambda.parser.complete',
      source: 'network.notifi.acme',
      subject: 'first',
      correlationid: 'corr-1',
      data: { echo: { contextId: 'c-1', s3_key: 'parsers/echo.js' } },
    });
    const shown = await platform.get('/functions/acme/first');
    expect(shown.body).toMatchObject({
      ready: true,
      state: 'ready',
      runtime: 'nodejs24',
      last_build: { status: 'complete', attempt: 1 },
    });
  });

  it('carries one trace from the sender to the reply', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const { result } = await run(
      'traced',
      { s3_key: 'parsers/echo.js' },
      { 'ce-traceparent': `00-${traceId}-b7ad6b7169203331-01` },
    );
    expect(result.reply.traceparent).toContain(traceId);
  });

  it('builds nothing when the same event comes a second time, and does not run it again', async () => {
    const again = await platform.post(
      'parser.start',
      { third_party_id: 'acme', parser_id: 'first', s3_key: 'parsers/echo.js', contextId: 'c-1' },
      { 'ce-id': 'one' },
    );
    expect(again).toMatchObject({ status: 200, body: { status: 'skipped' } });
    expect(await buildsOf(platform, 'first')).toHaveLength(1);
    expect(await resultsOf(platform, 'first')).toHaveLength(1);
  });

  it('runs at once when the function is there, without another build', async () => {
    await platform.post('parser.start', { third_party_id: 'acme', parser_id: 'first', contextId: 'c-2' }, { 'ce-id': 'two' });
    await until('the second event has run', async () =>
      (await resultsOf(platform, 'first')).find(({ event_id: id }) => id === 'two'),
    );
    expect(await buildsOf(platform, 'first')).toHaveLength(1);
  });

  it('skips a build.start of an equal source that is deployed', async () => {
    const skipped = await platform.post('build.start', {
      third_party_id: 'acme',
      parser_id: 'first',
      s3_key: 'elsewhere/echo.js',
    });
    expect(skipped).toMatchObject({ status: 200, body: { status: 'skipped' } });
    expect(await buildsOf(platform, 'first')).toHaveLength(1);
  });

  it('builds again with force, and job.start runs the next attempt of a build', async () => {
    const forced = await platform.post('build.start', {
      third_party_id: 'acme',
      parser_id: 'first',
      s3_key: 'parsers/echo.js',
      force: true,
    });
    expect(forced.status).toBe(202);
    await until('the forced build is complete', async () =>
      (await buildsOf(platform, 'first'))[0]?.status === 'complete' ? true : undefined,
    );
    const job = await platform.post('job.start', { third_party_id: 'acme', parser_id: 'first', build_id: forced.body.build_id });
    expect(job).toMatchObject({ status: 202, body: { build_id: forced.body.build_id } });
    await until('the second attempt is complete', async () =>
      (await buildsOf(platform, 'first')).find(({ attempt, status }) => attempt === 2 && status === 'complete'),
    );
  });

  it('finds its source by the function id when no key is given, and takes a prefix as a source', async () => {
    await platform.post('build.start', { third_party_id: 'acme', parser_id: 'by-id', s3_key: 'global/parser/by-id/' });
    await until('it is deployed', async () =>
      (await platform.get('/functions/acme/by-id')).body.ready === true ? true : undefined,
    );
    const reply = await fetch(`${platform.address}/functions/acme/by-id/invoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    });
    expect(await reply.json()).toMatchObject({ echo: { a: 1 } });
  });

  it('is refused for good, and forgotten, when there is no source', async () => {
    const refused = await platform.post('parser.start', {
      third_party_id: 'acme',
      parser_id: 'nothing',
      s3_key: 'parsers/nothing.js',
    });
    expect(refused).toMatchObject({ status: 422, body: { code: 'SOURCE_NOT_FOUND', retryable: false, field: 's3_key' } });
    expect((await platform.get('/functions/acme/nothing')).status).toBe(404);
  });

  it('leaves nothing of a function that is deleted, and deleting it again is success', async () => {
    const gone = await platform.post('service.delete', { third_party_id: 'acme', parser_id: 'traced' });
    expect(gone).toMatchObject({ status: 200, body: { status: 'deleted' } });
    expect((await platform.get('/functions/acme/traced')).status).toBe(404);
    expect(await platform.post('service.delete', { third_party_id: 'acme', parser_id: 'traced' })).toMatchObject({ status: 200 });
  });

  it('believes no completion that does not match its build', async () => {
    const [build] = await buildsOf(platform, 'first');
    const forged = {
      build_id: build?.build_id,
      third_party_id: 'acme',
      parser_id: 'first',
      image_uri: 'evil.example/image:latest',
    };
    expect(await platform.post('build.complete', forged)).toMatchObject({
      status: 422,
      body: { code: 'COMPLETION_MISMATCH', field: 'image_uri' },
    });
    const stranger = await platform.post('build.complete', {
      build_id: build?.build_id,
      third_party_id: 'other',
      parser_id: 'first',
    });
    expect(stranger).toMatchObject({ status: 422, body: { code: 'COMPLETION_MISMATCH' } });
    expect(
      await platform.post('build.complete', { build_id: '0123456789abcdef', third_party_id: 'acme', parser_id: 'first' }),
    ).toMatchObject({
      status: 422,
      body: { code: 'BUILD_UNKNOWN' },
    });
  });
});
