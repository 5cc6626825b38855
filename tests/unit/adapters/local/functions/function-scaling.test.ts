import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  afterFailure,
  chooseReplica,
  noBackoff,
  replicasWanted,
  startsNow,
} from '../../../../../src/adapters/local/functions/function-scaling.ts';

const limits = { concurrency: 10, target: 10, maxReplicas: 50 };

describe('how many replicas are wanted', () => {
  test('none without load, one more for each target that is full', () => {
    expect([0, 1, 10, 11, 20, 21].map((load) => replicasWanted(load, limits))).toEqual([0, 1, 1, 2, 2, 3]);
  });

  test('never more than the maximum', () => {
    expect(replicasWanted(10_000, limits)).toBe(50);
  });

  test('a target beyond the concurrency counts as the concurrency: a replica takes no more', () => {
    expect(replicasWanted(20, { ...limits, target: 100 })).toBe(2);
  });
});

describe('which replica is next', () => {
  const replicas = (...inHand: number[]) => inHand.map((count, id) => ({ id, inHand: count }));

  test('the least loaded of the oldest that the load needs, so that the others fall idle', () => {
    expect(chooseReplica(replicas(3, 0), 4, limits)?.id).toBe(0);
    expect(chooseReplica(replicas(6, 5, 0), 12, limits)?.id).toBe(1);
  });

  test('one beyond those when they are full', () => {
    expect(chooseReplica(replicas(10, 0), 10, limits)?.id).toBe(1);
  });

  test('none at all when every one is full', () => {
    expect(chooseReplica(replicas(10, 10), 21, limits)).toBeUndefined();
  });

  test('never one that is full, whatever the load', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(10), { maxLength: 20 }), fc.nat(300), (inHand, load) => {
        const chosen = chooseReplica(replicas(...inHand), load, limits);
        return chosen === undefined ? inHand.every((count) => count === 10) : chosen.inHand < 10;
      }),
    );
  });
});

describe('when a function that failed is started again', () => {
  test('after 1 s, then twice as long each time, at most 30 s', () => {
    let backoff = noBackoff;
    const delays: number[] = [];
    for (let now = 100_000; delays.length < 7; now += 100_000) {
      backoff = afterFailure(backoff, now - 1, now);
      delays.push(backoff.notBefore - now);
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test('replicas that end together are one failure', () => {
    const first = afterFailure(noBackoff, 10, 1_000);
    expect(afterFailure(first, 20, 1_001)).toBe(first);
    expect(afterFailure(first, 2_000, 2_100).failures).toBe(2);
  });

  test('nothing starts before its time, and one goes first then', () => {
    const backoff = afterFailure(noBackoff, 10, 1_000);
    const demand = { load: 100, live: 0, starting: 0, backoff, now: 1_999 };
    expect(startsNow(demand, limits)).toBe(0);
    expect(startsNow({ ...demand, now: 2_000 }, limits)).toBe(1);
    expect(startsNow({ ...demand, now: 2_000, live: 1, starting: 1 }, limits)).toBe(0);
    expect(startsNow({ ...demand, backoff: noBackoff }, limits)).toBe(10);
  });
});
