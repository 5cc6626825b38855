import { describe, expect, test } from '@jest/globals';
import { createWaitingLine } from '../../../../../src/adapters/local/functions/activator-line.ts';
import { CodedError } from '../../../../../src/core/errors.ts';

const never = new AbortController().signal;
const expired = (): Error => new Error('too late');

describe('the line of waiting requests', () => {
  test('serves in the order of arrival', async () => {
    const line = createWaitingLine<number>();
    const waiting = [1, 2, 3].map(() => line.wait(never, 1_000, expired));
    expect([line.serve(1), line.serve(2), line.serve(3), line.serve(4)]).toEqual([true, true, true, false]);
    expect(await Promise.all(waiting)).toEqual([1, 2, 3]);
  });

  test('lets one leave from the middle, who is not served any more', async () => {
    const line = createWaitingLine<string>();
    const given = new AbortController();
    const first = line.wait(never, 1_000, expired);
    const second = line.wait(given.signal, 1_000, expired);
    const third = line.wait(never, 1_000, expired);
    given.abort();
    await expect(second).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    expect(line.size).toBe(2);
    line.serve('a');
    line.serve('b');
    expect(await Promise.all([first, third])).toEqual(['a', 'b']);
  });

  test('does not let in who has given up already', async () => {
    const line = createWaitingLine();
    await expect(line.wait(AbortSignal.abort(), 1_000, expired)).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    expect(line.size).toBe(0);
  });

  test("keeps the caller's own reason, and calls its timeout a timeout", async () => {
    const line = createWaitingLine();
    const stopping = new CodedError('STOPPING', 'stopping');
    await expect(line.wait(AbortSignal.abort(stopping), 1_000, expired)).rejects.toBe(stopping);
    await expect(line.wait(AbortSignal.timeout(5), 1_000, expired)).rejects.toMatchObject({ code: 'FUNCTION_TIMEOUT' });
  });

  test('ends the wait at its deadline', async () => {
    const line = createWaitingLine();
    await expect(line.wait(never, 10, expired)).rejects.toThrow('too late');
    expect(line.size).toBe(0);
  });

  test('refuses everyone at once', async () => {
    const line = createWaitingLine();
    const waiting = [line.wait(never, 1_000, expired), line.wait(never, 1_000, expired)];
    line.refuseAll(new Error('closed'));
    for (const one of waiting) await expect(one).rejects.toThrow('closed');
    expect(line.size).toBe(0);
  });
});
