// What the DeadLetterQueue port promises, held against every adapter.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { letterIdOf, type DeadLetter, type DeliveryAttempt } from '../../src/core/letter.ts';
import type { DeadLetterQueue } from '../../src/ports.ts';

export type OpenedQueue = {
  queue: DeadLetterQueue;
  /** Ids of the letters that were handed to delivery, in order. */
  redriven: () => Promise<string[]>;
  /** The same letters, as a process would find them that was started after this one was killed. */
  reopen: () => Promise<OpenedQueue>;
  close: () => Promise<void>;
};

const hour = 3_600_000;

/** @param now the last of these letters failed at `now`, each earlier one an hour before the next */
export const letterOf = (n: number, more: Partial<DeadLetter> = {}, now = 1_750_000_000_000): DeadLetter => {
  const event = {
    specversion: '1.0' as const,
    id: `event-${n}`,
    source: 'network.notifi.acme',
    type: 'network.notifi.lambda.parser.start',
    subject: `parser-${n % 2}`,
    datacontenttype: 'application/json',
    extensions: { correlationid: `c-${n}` },
    data: { json: { n } },
  };
  const destination = 'http://parser.acme.svc.cluster.local';
  return {
    id: letterIdOf(event, destination),
    event,
    category: 'subscriber_unavailable',
    reason: `The subscriber answered 503 (${n})`,
    destination,
    attempts: 5,
    firstFailedAt: now - 200 * hour,
    lastFailedAt: now - (100 - n) * hour,
    ...more,
  } as DeadLetter;
};

const rawLetter = (bytes: Buffer): DeadLetter => ({
  id: 'ab'.repeat(16),
  category: 'unreadable',
  reason: 'No CloudEvent',
  destination: '',
  attempts: 0,
  firstFailedAt: 1_750_000_000_000,
  lastFailedAt: 1_750_000_000_000,
  raw: { bytes, contentType: 'text/plain', headers: { 'x-odd': 'a b' } },
});

export const deadLetterQueueContract = (name: string, open: () => Promise<OpenedQueue>): void => {
  describe(`DeadLetterQueue: ${name}`, () => {
    let opened: OpenedQueue;
    beforeEach(async () => {
      opened = await open();
    });
    afterEach(() => opened.close());

    const put = async (...letters: DeadLetter[]): Promise<void> => {
      for (const letter of letters) await opened.queue.put(letter);
    };

    test('keeps a letter whole, with its event, its history and its data', async () => {
      const history: DeliveryAttempt[] = [
        { at: 1_700_000_000_000, attempt: 1, destination: 'http://a', status: 503, error: 'It answered 503' },
        { at: 1_700_000_010_000, attempt: 2, destination: 'http://a', error: 'No answer in 30 s' },
      ];
      const letter = letterOf(1, { history });
      await put(letter);
      expect(await opened.queue.get(letter.id)).toEqual(letter);
    });

    test('keeps what is no event byte by byte, and does not redrive it: there is nothing to deliver', async () => {
      const letter = rawLetter(Buffer.from([0, 255, 10, 13, 0x7b]));
      await put(letter);
      expect(await opened.queue.get(letter.id)).toEqual(letter);
      expect(await opened.queue.redrive(letter.id)).toBe('unreadable');
      expect((await opened.queue.list({}, { limit: 10 })).items).toMatchObject([{ id: letter.id, category: 'unreadable' }]);
    });

    test('still has every letter after a restart', async () => {
      await put(letterOf(1), letterOf(2), rawLetter(Buffer.from('x')));
      const again = await opened.reopen();
      try {
        expect(await again.queue.get(letterOf(1).id)).toEqual(letterOf(1));
        expect((await again.queue.list({}, { limit: 10 })).items).toHaveLength(3);
        expect(await again.queue.stats(Date.now())).toMatchObject({ depth: 3 });
      } finally {
        await again.close();
      }
    });

    test('answers undefined for a letter that is not there, whatever the id looks like', async () => {
      await put(letterOf(1));
      for (const id of ['', '../1', '__proto__', 'x'.repeat(5000), '00'.repeat(16)])
        expect(await opened.queue.get(id)).toBeUndefined();
    });

    test('replaces a letter of the same id, which is then the newest', async () => {
      await put(letterOf(1), letterOf(2), letterOf(1, { attempts: 6, reason: 'again' }));
      const { items } = await opened.queue.list({}, { limit: 10 });
      expect(items.map(({ id, attempts }) => [id, attempts])).toEqual([
        [letterOf(1).id, 6],
        [letterOf(2).id, 5],
      ]);
      expect(await opened.queue.get(letterOf(1).id)).toMatchObject({ reason: 'again' });
    });

    test('lists the last put first, and a page ends where the next one begins', async () => {
      const letters = Array.from({ length: 25 }, (_, n) => letterOf(n));
      await put(...letters);
      const seen: string[] = [];
      let cursor: string | undefined;
      let pages = 0;
      do {
        const page = await opened.queue.list({}, { limit: 10, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.cursor;
        pages++;
      } while (cursor !== undefined);
      expect(seen).toEqual(letters.map(({ id }) => id).reverse());
      expect(pages).toBe(3);
    });

    test('a cursor stays valid while letters come and go', async () => {
      await put(...Array.from({ length: 10 }, (_, n) => letterOf(n)));
      const first = await opened.queue.list({}, { limit: 4 });
      await put(letterOf(50));
      await opened.queue.purge(letterOf(6).id);
      await opened.queue.purge(letterOf(5).id);
      const rest = await opened.queue.list({}, { limit: 10, cursor: first.cursor ?? '' });
      expect(rest.items.map(({ eventId }) => eventId)).toEqual([4, 3, 2, 1, 0].map((n) => `event-${n}`));
      await expect(opened.queue.list({}, { limit: 10, cursor: 'x"; drop' })).rejects.toMatchObject({ code: 'INVALID_QUERY' });
    });

    test('finds by tenant, function, type, category, destination and age', async () => {
      const other = letterOf(7, { category: 'build_failed', destination: 'http://other' });
      await put(letterOf(1), letterOf(2), letterOf(3), { ...other, id: 'cd'.repeat(16) }, rawLetter(Buffer.from('x')));
      const found = async (filter: Parameters<DeadLetterQueue['list']>[0]): Promise<number> => {
        const { items } = await opened.queue.list(filter, { limit: 100 });
        expect((await opened.queue.matching(filter)).reverse()).toEqual(items.map(({ id }) => id));
        return items.length;
      };
      expect(await found({})).toBe(5);
      expect(await found({ tenant: 'acme' })).toBe(4);
      expect(await found({ tenant: 'acme', function: 'parser-1' })).toBe(3);
      expect(await found({ tenant: 'nobody' })).toBe(0);
      expect(await found({ type: 'network.notifi.lambda.parser.start' })).toBe(4);
      expect(await found({ category: 'build_failed' })).toBe(1);
      expect(await found({ category: 'unreadable' })).toBe(1);
      expect(await found({ destination: 'http://other' })).toBe(1);
      expect(await found({ failedBefore: letterOf(2).lastFailedAt })).toBe(1);
      expect(await found({ failedAfter: letterOf(2).lastFailedAt })).toBe(4);
      expect(await found({ failedAfter: letterOf(2).lastFailedAt, failedBefore: letterOf(3).lastFailedAt })).toBe(1);
    });

    test('a redriven letter was handed to delivery and is not in the queue any more, also after a restart', async () => {
      await put(letterOf(1), letterOf(2));
      expect(await opened.queue.redrive(letterOf(1).id)).toBe('redriven');
      expect(await opened.redriven()).toEqual([letterOf(1).id]);
      expect(await opened.queue.redrive(letterOf(1).id)).toBe('absent');
      expect(await opened.queue.matching({})).toEqual([letterOf(2).id]);
      const again = await opened.reopen();
      expect(await again.queue.matching({})).toEqual([letterOf(2).id]);
      await again.close();
    });

    test('a redriven letter that fails again comes back under its id', async () => {
      await put(letterOf(1));
      await opened.queue.redrive(letterOf(1).id);
      await put(letterOf(1, { attempts: 6 }));
      expect(await opened.queue.get(letterOf(1).id)).toMatchObject({ attempts: 6 });
      expect(await opened.queue.stats(Date.now())).toMatchObject({ depth: 1 });
    });

    test('a purged letter is gone for good', async () => {
      await put(letterOf(1), letterOf(2));
      expect(await opened.queue.purge(letterOf(1).id)).toBe('purged');
      expect(await opened.queue.purge(letterOf(1).id)).toBe('absent');
      expect(await opened.queue.get(letterOf(1).id)).toBeUndefined();
      const again = await opened.reopen();
      expect(await again.queue.matching({})).toEqual([letterOf(2).id]);
      await again.close();
    });

    test('says how many there are and how long the oldest waits', async () => {
      const now = letterOf(100).lastFailedAt;
      expect(await opened.queue.stats(now)).toEqual({ depth: 0, oldestAgeMs: 0 });
      await put(letterOf(99), letterOf(97), letterOf(98));
      expect(await opened.queue.stats(now)).toEqual({ depth: 3, oldestAgeMs: 3 * hour });
    });

    test('keeps every one of many letters that are put at once', async () => {
      const letters = Array.from({ length: 200 }, (_, n) => letterOf(n));
      await Promise.all(letters.map((letter) => opened.queue.put(letter)));
      expect((await opened.queue.matching({})).sort()).toEqual(letters.map(({ id }) => id).sort());
    });
  });
};
