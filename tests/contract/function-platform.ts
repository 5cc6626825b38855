// What every FunctionPlatform promises (src/ports.ts). An adapter brings the images; the suite brings the sentences.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { serviceName, type FunctionRef } from '../../src/core/function.ts';
import type { FunctionPlatform, FunctionState } from '../../src/ports.ts';
import { answerOf, eventOf, ref, specOf } from './function-events.ts';

/** What a test image does. `version` is in its replies; `throws` when it is started, with that message. */
export type Behaviour = { version: string; throws?: string };

export type FunctionPlatformHarness = {
  readonly platform: FunctionPlatform;
  /** An image with the server of function-server.mjs, or one that answers like it. */
  image(behaviour: Behaviour): Promise<{ image: string; imageDigest: string }>;
  /** Gives back all that was taken, and throws if something is left. */
  close(): Promise<void>;
};

const never = new AbortController().signal;

/** Asks until the function is no longer deploying. */
export const settled = async (platform: FunctionPlatform, of: FunctionRef): Promise<FunctionState> => {
  for (let i = 0; i < 600; i++) {
    const state = await platform.get(of);
    if (state !== undefined && state.state !== 'deploying') return state;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('the function is still deploying');
};

export const functionPlatformContract = (adapter: string, createHarness: () => Promise<FunctionPlatformHarness>): void => {
  describe(`${adapter} keeps the contract of FunctionPlatform`, () => {
    let harness: FunctionPlatformHarness;
    let platform: FunctionPlatform;

    beforeEach(async () => {
      harness = await createHarness();
      platform = harness.platform;
    });
    afterEach(() => harness.close());

    const deploy = async (version: string, requestedAt: number, of = ref) =>
      platform.apply(specOf(of, await harness.image({ version }), requestedAt));

    test('a function that is applied becomes ready, and runs with the event in binary mode', async () => {
      const { outcome, state } = await deploy('one', 1);
      expect(outcome).toBe('created');
      expect(state).toMatchObject({ ref, name: serviceName(ref), state: 'deploying', requestedAt: 1 });
      const ready = await settled(platform, ref);
      expect(ready.state).toBe('ready');
      expect(ready.url).toMatch(/^https?:/);
      const reply = await platform.invoke(ref, eventOf({ block: 7 }), never);
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({ 'content-type': 'application/json', 'ce-id': 'reply' });
      expect(answerOf(reply)).toMatchObject({
        version: 'one',
        data: { block: 7 },
        headers: {
          'ce-specversion': '1.0',
          'ce-id': 'event-1',
          'ce-type': 'network.notifi.lambda.parser.start',
          'ce-source': 'network.notifi.acme',
          'ce-subject': 'Price_Feed',
          'ce-correlationid': 'corr-1',
          'content-type': 'application/json',
        },
      });
    });

    test('what the function answers is handed on, also when it is an error', async () => {
      await deploy('one', 1);
      expect((await platform.invoke(ref, eventOf({ status: 500 }), never)).status).toBe(500);
    });

    test('an event right after apply waits for the start', async () => {
      await deploy('one', 1);
      expect(answerOf(await platform.invoke(ref, eventOf({}), never)).version).toBe('one');
    });

    test('the later requested spec wins, in whatever order they are applied', async () => {
      expect((await deploy('new', 2)).outcome).toBe('created');
      expect(await deploy('old', 1)).toMatchObject({ outcome: 'superseded', state: { requestedAt: 2 } });
      expect(answerOf(await platform.invoke(ref, eventOf({}), never)).version).toBe('new');
      expect((await deploy('newest', 3)).outcome).toBe('updated');
      expect(answerOf(await platform.invoke(ref, eventOf({}), never)).version).toBe('newest');
    });

    test('the same spec again changes nothing, and a later one of the same image keeps the order', async () => {
      const first = await deploy('one', 1);
      await settled(platform, ref);
      expect((await deploy('one', 1)).outcome).toBe('unchanged');
      expect(await deploy('one', 5)).toMatchObject({
        outcome: 'unchanged',
        state: { state: 'ready', createdAt: first.state.createdAt },
      });
      expect((await deploy('between', 3)).outcome).toBe('superseded');
    });

    test('a name that belongs to another function is refused and left as it is', async () => {
      await deploy('one', 1);
      const foreign = {
        ...specOf({ tenant: 'other', function: 'thief' }, await harness.image({ version: 'two' }), 9),
        name: serviceName(ref),
      };
      await expect(platform.apply(foreign)).rejects.toMatchObject({ code: 'NAME_CONFLICT' });
      expect(await platform.get(foreign.ref)).toBeUndefined();
      expect(answerOf(await platform.invoke(ref, eventOf({}), never)).version).toBe('one');
    });

    test('a function that cannot start is failed with what it said, and events for it are answered 503', async () => {
      await platform.apply(specOf(ref, await harness.image({ version: 'broken', throws: 'the table is missing' }), 1));
      const state = await settled(platform, ref);
      expect(state.state).toBe('failed');
      expect(state.reason).toContain('the table is missing');
      await expect(platform.invoke(ref, eventOf({}), never)).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
      await deploy('mended', 2);
      const mended = await settled(platform, ref);
      expect(mended.state).toBe('ready');
      expect(mended.reason).toBeUndefined();
    });

    test('what is not there is not found, and removing it is success', async () => {
      expect(await platform.get(ref)).toBeUndefined();
      await expect(platform.invoke(ref, eventOf({}), never)).rejects.toMatchObject({ code: 'FUNCTION_NOT_FOUND' });
      expect(await platform.remove(ref)).toBe('absent');
    });

    test('a removed function is gone, and may come again', async () => {
      await deploy('one', 5);
      await platform.invoke(ref, eventOf({}), never);
      expect(await platform.remove(ref)).toBe('deleted');
      expect(await platform.get(ref)).toBeUndefined();
      await expect(platform.invoke(ref, eventOf({}), never)).rejects.toMatchObject({ code: 'FUNCTION_NOT_FOUND' });
      expect(await platform.remove(ref)).toBe('absent');
      expect((await deploy('again', 1)).outcome).toBe('created');
      expect(answerOf(await platform.invoke(ref, eventOf({}), never)).version).toBe('again');
    });

    test('functions are listed by name, by filter, and page by page while others come and go', async () => {
      const refs = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ tenant: name < 'd' ? 'acme' : 'umbrella', function: name }));
      for (const of of refs) await deploy('one', 1, of);
      const names = refs.map(serviceName).sort();
      const first = await platform.list({}, { limit: 2 });
      expect(first.items.map(({ name }) => name)).toEqual(names.slice(0, 2));
      const all: string[] = [];
      for (let cursor: string | undefined = ''; cursor !== undefined;) {
        const page = await platform.list({}, cursor === '' ? { limit: 2 } : { limit: 2, cursor });
        all.push(...page.items.map(({ name }) => name));
        cursor = page.cursor;
      }
      expect(all).toEqual(names);
      const gone = first.items[1];
      if (gone === undefined || first.cursor === undefined) throw new Error('the page has two items and a cursor');
      await platform.remove(gone.ref);
      const second = await platform.list({}, { limit: 3, cursor: first.cursor });
      expect(second.items.map(({ name }) => name)).toEqual(names.slice(2));
      expect(second.cursor).toBeUndefined();
      const own = await platform.list({ tenant: 'umbrella' }, { limit: 100 });
      expect(own.items.every(({ ref: { tenant } }) => tenant === 'umbrella')).toBe(true);
      expect((await platform.list({ tenant: 'umbrella', function: 'nobody' }, { limit: 100 })).items).toEqual([]);
    });

    test('a caller who gives up is let go', async () => {
      await deploy('one', 1);
      await settled(platform, ref);
      const given = new AbortController();
      const invoked = platform.invoke(ref, eventOf({ wait: 5_000 }), given.signal);
      setTimeout(() => given.abort(), 100);
      await expect(invoked).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
      await expect(platform.invoke(ref, eventOf({}), AbortSignal.abort())).rejects.toMatchObject({
        code: 'FUNCTION_UNAVAILABLE',
      });
    });
  });
};
