import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { cancelledAnnotation } from '../../../src/core/build-progress.ts';
import { build, prepareMonitor, until, type MonitorUnderTest } from './monitor-under-test.ts';
import { completed, deleting, ended, podWith, running, waiting } from './pods.ts';

const deadline = { type: 'FailureTarget', status: 'True', reason: 'DeadlineExceeded' };

describe('the build monitor, when its pod goes', () => {
  let monitor: MonitorUnderTest;

  beforeEach(async () => {
    monitor = await prepareMonitor();
  });
  afterEach(() => monitor.close());

  test('tells nothing of a build that was cancelled: its job is gone', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    monitor.server.state.job = undefined;
    monitor.server.setPod(ended(143, '', deleting));
    monitor.stop();
    expect(await outcome).toBe('nothing-to-tell');
    expect(monitor.broker.asked).toEqual([]);
  });

  test('tells nothing of a build that was cancelled as it completed: the builder tells of the cancellation', async () => {
    const { job } = monitor.server.state;
    if (job !== undefined) job.metadata.annotations[cancelledAnnotation] = '2026-01-02T03:04:05Z';
    monitor.server.state.pod = completed();
    expect(await monitor.start()).toBe('nothing-to-tell');
    expect(monitor.broker.asked).toEqual([]);
  });

  test('does not wait for a container that never began, when the job is gone', async () => {
    monitor.server.state.pod = waiting();
    const outcome = monitor.start({ tellMs: 30_000 });
    await until(() => monitor.annotations().phase === 'waiting');
    monitor.server.state.job = undefined;
    const before = performance.now();
    monitor.stop();
    expect(await outcome).toBe('nothing-to-tell');
    expect(performance.now() - before).toBeLessThan(3_000);
  });

  test('leaves the next attempt alone, whose job has the same name', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    const next = { metadata: { name: build.jobName, uid: 'another', annotations: {} }, status: { conditions: [] } };
    monitor.server.state.job = next;
    monitor.server.setPod(completed());
    expect(await outcome).toBe('nothing-to-tell');
    expect(next.metadata.annotations).toEqual({});
  });

  test('tells of a build that ran out of its time', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    monitor.server.state.job?.status.conditions.push(deadline);
    monitor.server.setPod(ended(143, '', deleting));
    monitor.stop();
    expect(await outcome).toBe('told');
    expect(monitor.annotations()).toMatchObject({ phase: 'timeout', 'error-message': 'The build took longer than its deadline' });
    expect(monitor.broker.taken[0]?.type).toBe('network.notifi.lambda.build.timeout');
  });

  test("takes the job's word when the deadline struck as the build completed", async () => {
    monitor.server.state.job?.status.conditions.push(deadline);
    monitor.server.state.pod = completed();
    await monitor.start();
    expect(monitor.annotations().phase).toBe('timeout');
    expect(monitor.broker.taken.map(({ type }) => type)).toEqual(['network.notifi.lambda.build.timeout']);
  });

  test('tells of an eviction once the job has failed by it', async () => {
    const evicted = { status: { conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI' }] } };
    monitor.server.state.pod = ended(143, '', evicted);
    const outcome = monitor.start();
    await sleep(300);
    expect(monitor.broker.asked).toEqual([]);
    monitor.server.state.job?.status.conditions.push({ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' });
    expect(await outcome).toBe('told');
    expect(monitor.annotations()['error-message']).toBe('The build was stopped: EvictionByEvictionAPI');
  });

  test('says nothing for a job that goes on with another pod', async () => {
    monitor.server.state.pod = ended(143, '', deleting);
    monitor.stop();
    expect(await monitor.start({ tellMs: 600 })).toBe('nothing-to-tell');
    expect(monitor.annotations().phase).toBeUndefined();
  });

  test('waits a moment for the end, which may arrive after the signal', async () => {
    monitor.server.state.pod = running();
    const outcome = monitor.start();
    await until(() => monitor.annotations().phase === 'building');
    monitor.stop();
    await sleep(100);
    monitor.server.setPod(completed());
    expect(await outcome).toBe('told');
  });

  test('says nothing, in time, when the end never arrives', async () => {
    monitor.server.state.pod = podWith(undefined);
    const before = performance.now();
    monitor.stop();
    expect(await monitor.start({ tellMs: 600 })).toBe('nothing-to-tell');
    expect(performance.now() - before).toBeLessThan(1_500);
  });

  test('ends in time when nothing answers at all', async () => {
    await monitor.server.stop();
    monitor.stop();
    expect(await monitor.start({ tellMs: 600 })).toBe('nothing-to-tell');
  });
});
