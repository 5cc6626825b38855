import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { admit, type Queued, type Running } from '../../../src/core/admission.ts';

const tenants = fc.constantFrom('a', 'b', 'c', 'd');
const queues: fc.Arbitrary<Queued[]> = fc
  .array(fc.record({ tenant: tenants, priority: fc.integer({ min: 1, max: 10 }), createdAt: fc.nat({ max: 20 }) }), {
    maxLength: 25,
  })
  .map((builds) => builds.map((build, index) => ({ ...build, buildId: index.toString(16).padStart(16, '0') })));
const runnings: fc.Arbitrary<Running[]> = fc.array(fc.record({ tenant: tenants }), { maxLength: 8 });

const queued = (buildId: string, tenant: string, priority: number, createdAt: number): Queued => ({
  buildId,
  tenant,
  priority,
  createdAt,
});
const idsOf = (builds: readonly Queued[]) => builds.map(({ buildId }) => buildId);
const runningOf = (tenant: string, builds: readonly Running[]) => builds.filter((build) => build.tenant === tenant).length;

describe('the builds that are admitted', () => {
  it('are never more than there are slots and starts, never one twice, and never one that was not queued', () => {
    fc.assert(
      fc.property(
        queues,
        runnings,
        fc.nat({ max: 12 }),
        fc.option(fc.nat({ max: 5 }), { nil: undefined }),
        (queue, running, slots, starts) => {
          const admitted = admit(queue, running, slots, starts);
          expect(admitted.length).toBeLessThanOrEqual(Math.max(0, slots - running.length));
          expect(admitted.length).toBeLessThanOrEqual(starts ?? Infinity);
          expect(new Set(idsOf(admitted)).size).toBe(admitted.length);
          for (const build of admitted) expect(queue).toContain(build);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('fill every slot while a build waits, so no slot stands empty beside a queue', () => {
    fc.assert(
      fc.property(queues, runnings, fc.nat({ max: 12 }), (queue, running, slots) => {
        expect(admit(queue, running, slots)).toHaveLength(Math.min(queue.length, Math.max(0, slots - running.length)));
      }),
    );
  });

  it('go by priority, then by how few the tenant has running, then by age: no one waiting had a better claim at any step', () => {
    fc.assert(
      fc.property(queues, runnings, fc.nat({ max: 12 }), (queue, running, slots) => {
        const started: Running[] = [...running];
        const waiting = new Set(queue);
        const claim = (build: Queued) => [build.priority, runningOf(build.tenant, started), build.createdAt];
        for (const next of admit(queue, running, slots)) {
          waiting.delete(next);
          for (const other of waiting) {
            const difference =
              claim(next)
                .map((value, index) => value - (claim(other)[index] ?? 0))
                .find((value) => value !== 0) ?? 0;
            expect(difference).toBeLessThanOrEqual(0);
          }
          started.push(next);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are the same for every replica, in whatever order it sees the jobs', () => {
    fc.assert(
      fc.property(
        queues.chain((queue) => fc.tuple(fc.constant(queue), fc.shuffledSubarray(queue, { minLength: queue.length }))),
        runnings,
        fc.nat({ max: 12 }),
        ([queue, shuffled], running, slots) => {
          expect(idsOf(admit(shuffled, [...running].reverse(), slots))).toEqual(idsOf(admit(queue, running, slots)));
        },
      ),
    );
  });

  it('leave what was passed in as it was, because the caller still needs it', () => {
    const queue = Object.freeze([Object.freeze(queued('1', 'a', 5, 1)), Object.freeze(queued('2', 'b', 5, 2))]);
    const running = Object.freeze([{ tenant: 'a' }]);
    expect(idsOf(admit(queue, running, 5))).toEqual(['2', '1']);
  });

  it('are none when as many run as may, or more, as after a limit was lowered', () => {
    const queue = [queued('1', 'a', 1, 1)];
    expect(admit(queue, [{ tenant: 'b' }], 1)).toEqual([]);
    expect(admit(queue, [{ tenant: 'b' }, { tenant: 'b' }], 1)).toEqual([]);
    expect(admit(queue, [], 0)).toEqual([]);
    expect(admit(queue, [], 5, 0)).toEqual([]);
  });
});

describe('a tenant', () => {
  it('with a hundred builds queued first does not hold up another with one', () => {
    const flood = Array.from({ length: 100 }, (_, index) => queued(`flood-${index}`, 'a', 5, index));
    expect(idsOf(admit([...flood, queued('single', 'b', 5, 1000)], [], 2))).toEqual(['flood-0', 'single']);
  });

  it('gets its own builds in the order of their age', () => {
    expect(idsOf(admit([queued('2', 'a', 5, 20), queued('1', 'a', 5, 10), queued('3', 'a', 5, 30)], [], 3))).toEqual([
      '1',
      '2',
      '3',
    ]);
  });

  it('that has most running goes first with a better priority, which counts before fairness', () => {
    expect(idsOf(admit([queued('1', 'b', 2, 1), queued('2', 'a', 1, 2)], [{ tenant: 'a' }, { tenant: 'a' }], 3))).toEqual(['2']);
  });

  it('takes turns with another, however the two stand in the queue', () => {
    const queue = [queued('a1', 'a', 5, 1), queued('a2', 'a', 5, 2), queued('b1', 'b', 5, 3), queued('b2', 'b', 5, 4)];
    expect(idsOf(admit(queue, [], 4))).toEqual(['a1', 'b1', 'a2', 'b2']);
  });
});

describe('two builds with equal claims', () => {
  it('go by their ids, so that every replica takes the same one', () => {
    expect(idsOf(admit([queued('b', 'x', 5, 1), queued('a', 'y', 5, 1)], [], 1))).toEqual(['a']);
    expect(idsOf(admit([queued('a', 'y', 5, 1), queued('b', 'x', 5, 1)], [], 1))).toEqual(['a']);
  });
});

describe('a waiting build', () => {
  /** Ends the oldest running build again and again, while new tenants keep coming, until the watched build starts. */
  const roundsUntilStarted = (
    watched: Queued,
    queue: Queued[],
    running: Running[],
    slots: number,
    newcomersPerRound: number,
  ): number => {
    let waiting = [...queue, watched];
    const active: Running[] = [...running];
    for (let round = 0; round < 5000; round++) {
      const admitted = admit(waiting, active, slots);
      if (admitted.includes(watched)) return round;
      waiting = waiting.filter((build) => !admitted.includes(build));
      active.push(...admitted);
      active.shift();
      for (let i = 0; i < newcomersPerRound; i++) {
        waiting.push(queued(`new-${round}-${i}`, `new-${round}-${i}`, watched.priority, 1000 + round));
      }
    }
    return Infinity;
  };

  it('starts in the end, however many others of its priority keep coming from tenants that have nothing running', () => {
    fc.assert(
      fc.property(
        queues,
        runnings,
        tenants,
        fc.integer({ min: 1, max: 5 }),
        fc.nat({ max: 3 }),
        (builds, running, tenant, slots, newcomers) => {
          const queue = builds.map((build) => ({ ...build, priority: 5 }));
          const watched = queued('watched', tenant, 5, 100);
          const bound = (queue.length + running.length + 1) * (slots + 1);
          expect(roundsUntilStarted(watched, queue, running, slots, newcomers)).toBeLessThanOrEqual(bound);
        },
      ),
    );
  });
});
