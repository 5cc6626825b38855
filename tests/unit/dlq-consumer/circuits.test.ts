import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { createCircuits, type Admission, type Circuits, type Pass } from '../../../src/dlq-consumer/circuits.ts';

const options = { maxConcurrent: 8, patienceMs: 50, openMs: 1_000, maxOpenMs: 8_000 };

describe('the circuit of a destination', () => {
  let now: number;
  let circuits: Circuits;
  beforeEach(() => {
    now = 1_000_000;
    circuits = createCircuits(options, () => now);
  });

  const passOf = (admission: Admission): Pass => {
    if ('pass' in admission) return admission.pass;
    throw new Error(`refused for ${admission.refusedMs} ms`);
  };
  const enter = async (name = 'http://a'): Promise<Pass> => passOf(await circuits.enter(name));

  test('lets one request through to a destination that has not answered yet: a dead one costs a probe, not a storm', async () => {
    await enter();
    const others = Promise.all([circuits.enter('http://a'), circuits.enter('http://a')]);
    now += options.patienceMs;
    expect(await others).toEqual([{ refusedMs: 50 }, { refusedMs: 50 }]);
  });

  test('opens at the first failure of a destination that has never answered, and says for how long', async () => {
    (await enter()).failed();
    expect(await circuits.enter('http://a')).toEqual({ refusedMs: 1_000 });
    expect(circuits.states()).toEqual({ closed: 0, open: 1, half_open: 0 });
  });

  test('leaves a failing destination alone twice as long each time, up to the longest', async () => {
    const pauses: number[] = [];
    for (let n = 0; n < 6; n++) {
      (await enter()).failed();
      const refused = await circuits.enter('http://a');
      if ('refusedMs' in refused) pauses.push(refused.refusedMs);
      now += 8_000;
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
  });

  test('lets one probe through when the pause is over, and closes when it succeeds', async () => {
    (await enter()).failed();
    now += 1_000;
    expect(circuits.states().half_open).toBe(1);
    (await enter()).succeeded();
    expect(circuits.states()).toEqual({ closed: 1, open: 0, half_open: 0 });
    (await enter()).failed();
    expect(circuits.states().closed).toBe(1);
  });

  test('gives a destination that answers twice as many requests with each success, up to the limit', async () => {
    const allowed: number[] = [];
    for (let n = 0; n < 5; n++) {
      const passes: Pass[] = [];
      for (;;) {
        const one = circuits.enter('http://a');
        const admission = await Promise.race([one, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 5))]);
        if (admission === undefined) {
          now += options.patienceMs;
          await one;
          break;
        }
        passes.push(passOf(admission));
      }
      allowed.push(passes.length);
      passes.forEach((pass, place) => (place === 0 ? pass.succeeded() : pass.unused()));
    }
    expect(allowed).toEqual([1, 2, 4, 8, 8]);
  });

  test('takes five failures in a row to leave a destination alone that did answer, and one success begins anew', async () => {
    (await enter()).succeeded();
    for (let n = 0; n < 4; n++) (await enter()).failed();
    (await enter()).succeeded();
    for (let n = 0; n < 4; n++) (await enter()).failed();
    expect(circuits.states().open).toBe(0);
    (await enter()).failed();
    expect(circuits.states().open).toBe(1);
  });

  test('leaves it alone for as long as it asks, but not longer than the longest pause', async () => {
    (await enter()).succeeded();
    (await enter()).failed(3_000);
    expect(await circuits.enter('http://a')).toEqual({ refusedMs: 3_000 });
    now += 3_000;
    (await enter()).failed(10 ** 9);
    expect(await circuits.enter('http://a')).toEqual({ refusedMs: 8_000 });
  });

  test('knows nothing of other destinations', async () => {
    (await enter('http://a')).failed();
    await enter('http://b');
    expect(circuits.states()).toEqual({ closed: 1, open: 1, half_open: 0 });
  });

  test('hands a turn on to who waits for it', async () => {
    const first = await enter();
    const second = circuits.enter('http://a');
    first.succeeded();
    expect('pass' in (await second)).toBe(true);
  });

  test('who waits is refused at once when the circuit opens', async () => {
    const first = await enter();
    const second = circuits.enter('http://a');
    first.failed();
    expect(await second).toEqual({ refusedMs: 1_000 });
  });

  test('forgets the destinations that were not used for longest, so that a sender of many names fills no memory', async () => {
    for (let n = 0; n < 1_500; n++) {
      now++;
      (await enter(`http://host-${n}`)).succeeded();
    }
    const { closed } = circuits.states();
    expect(closed).toBeLessThanOrEqual(1_001);
    expect(closed).toBeGreaterThan(800);
  });

  test('never lets more through at once than the limit, whatever happens', async () => {
    jest.useRealTimers();
    let active = 0;
    let most = 0;
    const one = async (n: number): Promise<void> => {
      const admission = await circuits.enter('http://a');
      if (!('pass' in admission)) return;
      most = Math.max(most, ++active);
      await new Promise((resolve) => setTimeout(resolve, n % 3));
      active--;
      admission.pass.succeeded();
    };
    await Promise.all(Array.from({ length: 300 }, (_, n) => one(n)));
    expect(most).toBe(options.maxConcurrent);
  });
});
