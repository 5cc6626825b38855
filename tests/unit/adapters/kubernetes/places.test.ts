import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fromConfigMap, toConfigMap } from '../../../../src/adapters/kubernetes/builds/places-map.ts';
import {
  admitNow,
  enter,
  leave,
  lookIfDue,
  noPlaces,
  placeOf,
  promote,
  type Place,
  type Places,
} from '../../../../src/adapters/kubernetes/builds/places.ts';

const limits = { maxRunning: 3, maxQueued: 5, startsPerMinute: 10, startsBurst: 3 };

const place = (number: number, fields: Partial<Place> = {}): Place => ({
  buildId: number.toString(16).padStart(16, '0'),
  uid: `uid-${number}`,
  tenant: `tenant-${number % 3}`,
  priority: 5,
  createdAt: number,
  ...fields,
});

type Step = { does: 'enter' | 'leave' | 'admit' | 'wait'; number: number };
const steps = fc.array(
  fc.record({ does: fc.constantFrom<Step['does']>('enter', 'enter', 'leave', 'admit', 'wait'), number: fc.nat({ max: 12 }) }),
  // Long enough for the queue to be full.
  { minLength: 60, maxLength: 120 },
);

/** One replica's decision about the places, at a time. */
const take = (places: Places, { does, number }: Step, now: number): Places => {
  if (does === 'enter') return enter(places, place(number), limits) ?? places;
  if (does === 'leave') return leave(places, ({ uid }) => uid === `uid-${number}`);
  return does === 'admit' ? admitNow(places, limits, now).places : places;
};

describe('the places of builds', () => {
  test('never hold more than may run or wait, and nobody twice, whatever happens in whatever order', () => {
    fc.assert(
      fc.property(steps, (all) => {
        let places = noPlaces(limits, 0);
        let now = 0;
        for (const step of all) {
          if (step.does === 'wait') now += step.number * 1_000;
          places = take(places, step, now);
          expect(places.admitted.length).toBeLessThanOrEqual(limits.maxRunning);
          expect(places.queued.length).toBeLessThanOrEqual(limits.maxQueued);
          const uids = [...places.admitted, ...places.queued].map(({ uid }) => uid);
          expect(new Set(uids).size).toBe(uids.length);
        }
      }),
    );
  });

  test('start no more than the bucket holds, on clocks that do not agree', () => {
    const clocks = fc.array(fc.record({ skew: fc.integer({ min: -8_000, max: 8_000 }), wait: fc.nat({ max: 5_000 }) }), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(clocks, (replicas) => {
        let places = noPlaces(limits, 0);
        let now = 0;
        let started = 0;
        for (const [index, { skew, wait }] of replicas.entries()) {
          now += wait;
          const entered = enter(places, place(index), { maxQueued: 1_000 }) ?? places;
          const { places: next, admitted } = admitNow(entered, { ...limits, maxRunning: 1_000 }, now + skew);
          places = next;
          started += admitted.length;
          // The fastest clock is what fills the bucket, and none is ahead by more than that.
          expect(started).toBeLessThanOrEqual(limits.startsBurst + ((now + 8_000) / 60_000) * limits.startsPerMinute);
        }
      }),
    );
  });

  test('are not held up for hours by a clock that was hours ahead', () => {
    const places = { ...noPlaces(limits, 0), queued: [place(1)], starts: { tokens: 0, at: 10 * 3_600_000 } };
    const { waitMs } = admitNow(places, limits, 0);
    expect(waitMs).toBe(6_000);
    expect(admitNow({ ...places, starts: { tokens: 1, at: 10 * 3_600_000 } }, limits, 0).admitted).toHaveLength(1);
  });

  test('say when the next may start, only when it is the rate that holds it up', () => {
    const queued = [place(1), place(2)];
    expect(admitNow({ ...noPlaces(limits, 0), queued, starts: { tokens: 0.5, at: 0 } }, limits, 0)).toMatchObject({
      admitted: [],
      waitMs: 3_000,
    });
    const running = { ...noPlaces(limits, 0), queued, admitted: [place(7), place(8), place(9)] };
    expect(admitNow(running, limits, 0)).not.toHaveProperty('waitMs');
    expect(admitNow(noPlaces(limits, 0), limits, 0)).not.toHaveProperty('waitMs');
  });

  test('have whoever finds all taken look whether they are, once for all replicas and not all the time', () => {
    const crowded = { ...noPlaces(limits, 0), queued: [place(1)], admitted: [place(2), place(3), place(4)] };
    const looked = lookIfDue(crowded, limits, 100_000);
    expect(looked.lookedAt).toBe(100_000);
    expect(lookIfDue(looked, limits, 104_999)).toBe(looked);
    expect(lookIfDue(looked, limits, 105_000)).not.toBe(looked);
    // A clock that was ahead is not waited for.
    expect(lookIfDue(looked, limits, 50_000)).not.toBe(looked);
    expect(lookIfDue({ ...crowded, queued: [] }, limits, 100_000).lookedAt).toBe(0);
  });

  test('stay the same object when nothing changes, so that nothing is written', () => {
    const places = { ...noPlaces(limits, 0), queued: [place(1)], admitted: [place(2), place(3), place(4)] };
    expect(leave(places, () => false)).toBe(places);
    expect(enter(places, place(1), limits)).toBe(places);
    expect(admitNow(places, limits, 60_000).places).toBe(places);
    expect(promote(places, [place(9)])).toBe(places);
  });

  test('give the place of an earlier attempt to the next one', () => {
    const places = { ...noPlaces(limits, 0), admitted: [place(1)] };
    const next = enter(places, place(1, { uid: 'another' }), limits);
    expect(next).toMatchObject({ admitted: [], queued: [{ uid: 'another' }] });
    expect(placeOf(promote(next as Places, [place(1, { uid: 'another' })]), 'another')).toBe('admitted');
  });

  test('are read from a ConfigMap as they were written, and not at all when it holds something else', () => {
    const places: Places = {
      queued: [place(1), place(2)],
      admitted: [place(3)],
      starts: { tokens: 1.25, at: 1_700_000_000_000 },
      lookedAt: 1_700_000_000_001,
    };
    const written = toConfigMap(places, 'builds', 'mark', '7');
    expect(fromConfigMap(written)).toEqual(places);
    expect(fromConfigMap(toConfigMap(noPlaces(limits, 5), 'builds', 'mark'))).toEqual(noPlaces(limits, 5));
    const hostile = [
      '{',
      'null',
      '[]',
      '{"buildId":"../../x"}',
      JSON.stringify({ ...place(1), tenant: 'a b' }),
      JSON.stringify({ ...place(1), uid: 7 }),
    ];
    for (const queued of hostile) expect(fromConfigMap({ ...written, data: { ...written.data, queued } })).toBeUndefined();
    for (const starts of ['', 'null', '{"tokens":"3","at":0}', '{"tokens":1e999,"at":0}', '{"tokens":3,"at":-1}'])
      expect(fromConfigMap({ ...written, data: { ...written.data, starts } })).toBeUndefined();
    expect(fromConfigMap({ ...written, data: {} })).toBeUndefined();
  });
});
