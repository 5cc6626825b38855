import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { summaryOf } from '../../../src/core/letter.ts';
import { createRedriveRuns } from '../../../src/dlq-consumer/redrive-runs.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import type { DeadLetterQueue } from '../../../src/ports.ts';
import { letterWith, now } from './letters.ts';

const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' });
const runsOver = (redrive: DeadLetterQueue['redrive']) => createRedriveRuns({ redrive } as DeadLetterQueue, logger, () => now);

const parked = (run: string, more: object = {}) => ({
  kind: 'parked' as const,
  position: 9,
  letter: summaryOf(letterWith()),
  run,
  ...more,
});
const delivered = (run: string) => ({
  kind: 'left' as const,
  position: 9,
  id: 'x',
  place: 1,
  departure: 'delivered' as const,
  run,
});

describe('a redrive of many', () => {
  test('ends when everything that was handed over was delivered or came back', async () => {
    const runs = runsOver((id) => Promise.resolve(id === 'gone' ? 'absent' : 'redriven'));
    const run = runs.start(['a', 'gone', 'b'], 1_000, 'ada');
    while (run.state === 'running') await sleep(1);
    expect(run).toMatchObject({ state: 'handed_over', matched: 3, redriven: 2, skipped: 1 });
    runs.onNews(delivered(run.id));
    expect(run.state).toBe('handed_over');
    runs.onNews(parked(run.id));
    expect(run).toMatchObject({ state: 'ended', delivered: 1, cameBack: 1, endedAt: now, returned: [{ id: 'ab'.repeat(16) }] });
  });

  test('a letter that is only held for its next attempt has not come back', async () => {
    const runs = runsOver(() => Promise.resolve('redriven'));
    const run = runs.start(['a'], 1_000, 'ada');
    while (run.state === 'running') await sleep(1);
    runs.onNews(parked(run.id, { held: { dueAt: now, order: 1 } }));
    expect(run).toMatchObject({ state: 'handed_over', cameBack: 0 });
    runs.onNews(delivered('another run'));
    expect(run.delivered).toBe(0);
    runs.onNews(delivered(run.id));
    expect(run).toMatchObject({ state: 'ended', delivered: 1 });
  });

  test('tells what the broker took from what was delivered; what comes back from there is counted where it ended', async () => {
    const runs = runsOver(() => Promise.resolve('redriven'));
    const run = runs.start(['a', 'b', 'c'], 1_000, 'ada');
    while (run.state === 'running') await sleep(1);
    const taken = { ...delivered(run.id), departure: 'handed_to_broker' as const };
    runs.onNews(taken);
    runs.onNews(parked(run.id, { byBroker: true }));
    runs.onNews(taken);
    expect(run).toMatchObject({ state: 'handed_over', delivered: 0, handedToBroker: 1, cameBack: 1 });
    runs.onNews(taken);
    expect(run).toMatchObject({ state: 'ended', delivered: 0, handedToBroker: 2, cameBack: 1 });
    // Later, since a build takes its time.
    runs.onNews(parked(run.id, { byBroker: true }));
    runs.onNews({ ...delivered(run.id), place: -1, byBroker: true });
    expect(run).toMatchObject({ state: 'ended', delivered: 1, handedToBroker: 0, cameBack: 2 });
  });

  test('keeps to its rate, and can be cancelled: what was not handed over stays parked', async () => {
    const handed: string[] = [];
    const runs = runsOver((id) => {
      handed.push(id);
      return Promise.resolve('redriven');
    });
    const run = runs.start(
      Array.from({ length: 100 }, (_, n) => String(n)),
      50,
      'ada',
    );
    await sleep(200);
    expect(runs.cancel(run.id)).toBe(true);
    await runs.close();
    expect(run.state).toBe('cancelled');
    expect(handed.length).toBeGreaterThan(2);
    expect(handed.length).toBeLessThan(30);
    expect(runs.cancel(run.id)).toBe(false);
    expect(runs.cancel('nothing')).toBe(false);
  });

  test('says what stopped it', async () => {
    const runs = runsOver(() => Promise.reject(new Error('The broker does not answer')));
    const run = runs.start(['a'], 1_000, 'ada');
    while (run.state === 'running') await sleep(1);
    expect(run).toMatchObject({ state: 'failed', error: 'The broker does not answer', endedAt: now });
    expect(runs.list()).toEqual([run]);
  });
});
