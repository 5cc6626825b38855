import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiServer } from '../../../src/build-monitor/api-server.ts';
import { checkCompletion } from '../../../src/core/build.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { build, prepareMonitor, until, type MonitorUnderTest } from './monitor-under-test.ts';
import { completed, digest, ended, finishedAt, running, startedAt, waiting } from './pods.ts';

describe('the build monitor', () => {
  let monitor: MonitorUnderTest;

  beforeEach(async () => {
    monitor = await prepareMonitor();
  });
  afterEach(() => monitor.close());

  test('tells of a build that completes, once, with what the job and the digest say', async () => {
    monitor.server.state.pod = waiting();
    monitor.server.state.log = 'INFO[0001] Retrieving image manifest\nINFO[0009] Pushing image to registry/functions:tag\n';
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'waiting');
    monitor.server.setPod(running());
    await until(() => monitor.annotations().phase === 'pushing');
    monitor.server.setPod(completed());
    expect(await outcome).toBe('told');
    expect(monitor.annotations()).toEqual({
      phase: 'complete',
      'log-tail': monitor.server.state.log.trim(),
      'image-digest': digest,
      'exit-code': '0',
      'started-at': startedAt,
      'ended-at': finishedAt,
    });
    expect(monitor.broker.taken).toHaveLength(1);
    const { name, ref, data } = monitor.told();
    expect([name, ref]).toEqual(['build.complete', build.ref]);
    expect(data).toMatchObject({
      build_id: build.buildId,
      image_digest: digest,
      exit_code: 0,
      duration_ms: 60_000,
      status: 'complete',
    });
    expect(() => checkCompletion({ ...build, status: 'complete' }, ref, data as { build_id: string })).not.toThrow();
  });

  test('tells the same event when it is started again after a crash, so that telling twice changes nothing', async () => {
    monitor.server.state.pod = completed();
    expect(await monitor.start()).toBe('told');
    expect(await monitor.start()).toBe('told');
    const [first, second] = monitor.broker.taken;
    expect(second).toEqual(first);
  });

  test('tells why a build failed, in the words of the builder and without what a terminal would obey', async () => {
    monitor.server.state.pod = ended(
      1,
      'npm error missing module\n\u001b[31merror building image\u001b[0m: exit status 1\u0007\n',
    );
    expect(await monitor.start()).toBe('told');
    const message = 'npm error missing module\nerror building image: exit status 1';
    expect(monitor.annotations()).toMatchObject({ phase: 'failed', 'exit-code': '1', 'error-message': message });
    const { name, data } = monitor.told();
    expect([name, data]).toEqual(['build.failed', expect.objectContaining({ exit_code: 1, error_message: message })]);
  });

  test('says that a builder without a word was out of memory', async () => {
    monitor.server.state.pod = ended(137, '', {}, 'OOMKilled');
    await monitor.start();
    expect(monitor.annotations()['error-message']).toBe('OOMKilled');
  });

  test('completes a build without a digest: the registry knows it', async () => {
    monitor.server.state.pod = ended(0, 'no digest');
    await monitor.start();
    expect(monitor.annotations()['image-digest']).toBeUndefined();
    expect(monitor.told().data).not.toHaveProperty('image_digest');
  });

  test('tries again, with pauses, while the broker is down, and tells one event', async () => {
    monitor.broker.answers.push(503, 0, 500, 404);
    monitor.server.state.pod = completed();
    expect(await monitor.start({ tellMs: 10_000 })).toBe('told');
    expect(monitor.broker.asked).toHaveLength(5);
    expect(new Set(monitor.broker.asked.map(({ id }) => id)).size).toBe(1);
    expect(monitor.broker.taken).toHaveLength(1);
  });

  test('gives up when its time is over, having written the end on the job for the second witness', async () => {
    monitor.broker.answers.push(...Array.from({ length: 100 }, () => 503));
    monitor.server.state.pod = completed();
    expect(await monitor.start({ tellMs: 500 })).toBe('untold');
    expect(monitor.annotations().phase).toBe('complete');
  });

  test('writes progress no more often than it may, and only what changed', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start({ progressMs: 300 });
    for (let line = 0; line < 60; line++) {
      monitor.server.state.log = `line ${line}`;
      await sleep(10);
    }
    const during = monitor.server.patches().length;
    await until(() => monitor.annotations()['log-tail'] === 'line 59');
    const settled = monitor.server.patches().length;
    await sleep(700);
    expect(monitor.server.patches()).toHaveLength(settled);
    expect(during).toBeLessThanOrEqual(3);
    monitor.server.setPod(completed());
    await outcome;
  });

  test('has the last word on the job: a report that is still on its way does not take it back', async () => {
    monitor.server.state.patchMs = (body) => (body.includes('building') ? 300 : 0);
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.server.patches().length === 1);
    monitor.server.setPod(completed());
    expect(await outcome).toBe('told');
    await sleep(400);
    expect(monitor.annotations().phase).toBe('complete');
  });

  test('says on the job why nothing begins, and takes it back when it does', async () => {
    monitor.server.state.pod = waiting('ImagePullBackOff', 'no such image');
    const outcome = monitor.start();
    await until(() => monitor.annotations()['error-message'] === 'ImagePullBackOff: no such image');
    monitor.server.setPod(running());
    await until(() => monitor.annotations().phase === 'building');
    expect(monitor.annotations()['error-message']).toBeUndefined();
    monitor.server.setPod(completed());
    await outcome;
  });

  test('goes on when the API server is restarted, and sees what happened meanwhile', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    await monitor.server.stop();
    monitor.server.state.pod = completed();
    await sleep(300);
    await monitor.server.start();
    expect(await outcome).toBe('told');
    expect(monitor.annotations().phase).toBe('complete');
  });

  test('opens the watch again when it ends, is too old, or is refused', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    const watches = () => monitor.server.state.requests.filter(({ path }) => path.endsWith('/pods')).length;
    await until(() => watches() === 1 && monitor.annotations().phase === 'building');
    monitor.server.endWatches();
    await until(() => watches() === 2);
    monitor.server.tell('ERROR', { kind: 'Status', code: 410, message: 'too old resource version' });
    await until(() => watches() === 3);
    monitor.server.tell('BOOKMARK', { metadata: { resourceVersion: '9' } });
    monitor.server.setPod(completed());
    expect(await outcome).toBe('told');
  });

  test('reads its token anew: it is another one after an hour', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    await monitor.server.rotateToken('token-2');
    monitor.server.endWatches();
    monitor.server.state.log = 'later';
    await until(() => monitor.annotations()['log-tail'] === 'later');
    monitor.server.setPod(completed());
    expect(await outcome).toBe('told');
  });

  test('tells no API server that it cannot trust its token', async () => {
    const other = await startFakeApiServer(build.jobName);
    const stranger = createApiServer({
      host: '127.0.0.1',
      port: other.port,
      credentialsFolder: monitor.server.credentialsFolder,
    });
    await expect(stranger.get('/x', { maxBytes: 1, timeoutMs: 1_000 })).rejects.toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    expect(other.state.requests).toEqual([]);
    stranger.close();
    await other.close();
  });

  test('tells of a build whose job takes no annotations just then', async () => {
    monitor.server.state.pod = completed();
    monitor.server.state.refuse = ({ method }) => (method === 'PATCH' ? 500 : undefined);
    expect(await monitor.start({ tellMs: 800 })).toBe('told');
    expect(monitor.broker.taken).toHaveLength(1);
  });

  test.each([409, 422, 429, 500])('writes the end again when the job could not be changed just then (%i)', async (status) => {
    monitor.server.state.pod = completed();
    let refusals = 2;
    monitor.server.state.refuse = ({ method }) => (method === 'PATCH' && refusals-- > 0 ? status : undefined);
    expect(await monitor.start()).toBe('told');
    expect(monitor.annotations().phase).toBe('complete');
  });

  test('goes on without the log', async () => {
    monitor.server.state.pod = running();
    monitor.server.state.refuse = ({ path }) => (path.endsWith('/log') ? 500 : undefined);
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    monitor.server.setPod(completed());
    expect(await outcome).toBe('told');
  });
});
