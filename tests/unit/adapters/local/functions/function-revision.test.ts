import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { applySpec, settleStart, type FunctionRecord } from '../../../../../src/adapters/local/functions/function-revision.ts';
import { serviceName } from '../../../../../src/core/function.ts';
import type { FunctionSpec } from '../../../../../src/ports.ts';

const ref = { tenant: 'acme', function: 'price' };
const specOf = (requestedAt: number, image = 'a', buildId = '0000000000000001'): FunctionSpec => ({
  ref,
  name: serviceName(ref),
  image: `registry/functions:${image}`,
  imageDigest: `sha256:${image.repeat(64)}`,
  runtime: 'nodejs24',
  buildId,
  requestedAt,
});

const applied = (specs: readonly FunctionSpec[]): FunctionRecord | undefined => {
  let record: FunctionRecord | undefined;
  for (const spec of specs) record = applySpec(record, spec, 1).result.record;
  return record;
};

const specs = fc.array(
  fc
    .tuple(fc.nat(3), fc.constantFrom('a', 'b', 'c'), fc.constantFrom('0000000000000001', '0000000000000002'))
    .map((args) => specOf(...args)),
  { minLength: 1, maxLength: 6 },
);

describe('of two specs', () => {
  test('the later requested stands, in every order of application, also of the same moment', () => {
    const served = (record: FunctionRecord | undefined) => [record?.requestedAt, record?.imageDigest, record?.buildId];
    fc.assert(
      fc.property(
        specs.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
        ([list, shuffled]) => {
          expect(served(applied(list))).toEqual(served(applied(shuffled)));
          expect(applied(list)?.requestedAt).toBe(Math.max(...list.map(({ requestedAt }) => requestedAt)));
        },
      ),
    );
  });

  test('applying one twice is applying it once', () => {
    fc.assert(fc.property(specs, (list) => expect(applied([...list, ...list])).toEqual(applied(list))));
  });

  test('of the same image nothing is started again, unless the function had failed', () => {
    const ready: FunctionRecord = { ...specOf(1), state: 'ready', createdAt: 1, updatedAt: 1 };
    expect(applySpec(ready, specOf(2), 5).result).toMatchObject({
      outcome: 'unchanged',
      check: false,
      record: { state: 'ready', requestedAt: 2 },
    });
    const failed: FunctionRecord = { ...ready, state: 'failed', reason: 'it broke' };
    const again = applySpec(failed, specOf(2), 5).result;
    expect(again).toMatchObject({ outcome: 'unchanged', check: true, record: { state: 'deploying' } });
    expect(again.record.reason).toBeUndefined();
    expect(applySpec(failed, specOf(1), 5)).toEqual({ result: { outcome: 'unchanged', check: false, record: failed } });
  });
});

describe('a service name', () => {
  test('that is not the name of the function is refused, so that it never becomes a file', () => {
    expect(() => applySpec(undefined, { ...specOf(1), name: '../../etc/passwd' }, 1)).toThrow(
      expect.objectContaining({ code: 'NAME_CONFLICT' }),
    );
  });

  test('whose record belongs to another function is refused', () => {
    const foreign: FunctionRecord = {
      ...specOf(1),
      ref: { tenant: 'other', function: 'x' },
      state: 'ready',
      createdAt: 1,
      updatedAt: 1,
    };
    expect(() => applySpec(foreign, specOf(2), 1)).toThrow(expect.objectContaining({ code: 'NAME_CONFLICT' }));
  });
});

describe('what a start makes of the record', () => {
  const deploying: FunctionRecord = { ...specOf(1), state: 'deploying', createdAt: 1, updatedAt: 1 };

  test('ready or failed with the reason, told once as settled', () => {
    const failed = settleStart(deploying, specOf(1), { state: 'failed', reason: 'it broke' }, 7);
    expect(failed.next).toMatchObject({ state: 'failed', reason: 'it broke', updatedAt: 7 });
    expect(failed.result?.settled).toBe(failed.next);
    const healed = settleStart(failed.next ?? undefined, specOf(1), { state: 'ready' }, 8);
    expect(healed.next?.reason).toBeUndefined();
    expect(healed.result).toBeUndefined();
  });

  test('nothing when the same is known, when another image is deployed by now, or when the function is gone', () => {
    expect(settleStart({ ...deploying, state: 'ready' }, specOf(1), { state: 'ready' }, 7).next).toBeUndefined();
    expect(settleStart(deploying, specOf(1, 'b'), { state: 'ready' }, 7).next).toBeUndefined();
    expect(settleStart(undefined, specOf(1), { state: 'ready' }, 7).next).toBeUndefined();
  });
});
