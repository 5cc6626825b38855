import { describe, expect, test } from '@jest/globals';
import type { Build } from '../../../../../src/core/build.ts';
import { waitUntil } from '../../../../contract/wait-until.ts';
import { useBench } from './build-bench.ts';

const bench = useBench();
const { ended } = bench;

describe('the rate of starts', () => {
  test('lets builds wait although there is room, and wakes them when it allows', async () => {
    let granted = 2;
    let asked = 0;
    const takeStart = (): number => {
      asked++;
      return granted-- > 0 ? 0 : 100;
    };
    await bench.open({ startLimit: { takeStart } }, { maxRunning: 5 });
    const outcomes: string[] = [];
    const requests = await Promise.all(
      ['waits', 'waits', 'succeeds'].map((behaviour) => bench.workshop.requestFor(behaviour as 'waits')),
    );
    for (const request of requests) outcomes.push((await bench.builder.submit(request)).outcome);
    expect(outcomes).toEqual(['started', 'started', 'queued']);
    expect(bench.builder.depth()).toEqual({ queued: 1, running: 2 });
    granted = 1;
    expect(await ended(requests[2]?.buildId ?? '')).toMatchObject({ status: 'complete' });
    const before = asked;
    await bench.builder.admitNext();
    // Nobody waits: no start is taken.
    expect(asked).toBe(before);
  });

  test('that can not be asked holds nothing up for ever', async () => {
    let broken = true;
    const takeStart = (): Promise<number> => (broken ? Promise.reject(new Error('no answer')) : Promise.resolve(0));
    await bench.open({ startLimit: { takeStart } });
    const request = await bench.workshop.requestFor('succeeds');
    expect((await bench.builder.submit(request)).outcome).toBe('queued');
    broken = false;
    expect(await ended(request.buildId)).toMatchObject({ status: 'complete' });
  });

  test('goes on when counting an ended build fails', async () => {
    const onBuildEnded = (): void => {
      throw new Error('no such label');
    };
    await bench.open({ onBuildEnded }, { maxRunning: 1 });
    const requests = await Promise.all(['fails', 'succeeds'].map((behaviour) => bench.workshop.requestFor(behaviour as 'fails')));
    for (const request of requests) await bench.builder.submit(request);
    for (const { buildId } of requests) await ended(buildId);
    await waitUntil(() => bench.workshop.published.length === 2, 'both completions');
  });

  test('never lets more run than may, however the submissions fall', async () => {
    let most = 0;
    const takeStart = async (): Promise<number> => {
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, bench.builder.depth().running);
      return 0;
    };
    const over: Build[] = [];
    await bench.open({ startLimit: { takeStart }, onBuildEnded: (done) => over.push(done) }, { maxRunning: 3, maxQueued: 50 });
    const requests = await Promise.all(Array.from({ length: 20 }, () => bench.workshop.requestFor('succeeds')));
    await Promise.all(
      requests.map(
        async (request, i) => (
          await bench.builder.submit(request),
          i % 5 === 0 ? bench.builder.cancel(request.buildId, 'x') : undefined
        ),
      ),
    );
    for (const { buildId } of requests) await ended(buildId);
    await waitUntil(() => over.length === 20, 'all to be counted');
    expect(most).toBeLessThanOrEqual(3);
    expect(bench.builder.depth()).toEqual({ queued: 0, running: 0 });
    expect(new Set(over.map(({ buildId }) => buildId)).size).toBe(20);
  });
});
