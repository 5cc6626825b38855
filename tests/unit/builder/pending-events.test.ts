// What waits is handed over, whatever the brokers say to one of the events.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import { createPendingEvents, type PendingEvents } from '../../../src/builder/pending-events.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { pendingPrefix } from '../../../src/core/function.ts';
import { fromJsonFormat, toJsonFormat } from '../../../src/core/json-format.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import type { EventSink, ObjectStore } from '../../../src/ports.ts';

const ref = { tenant: 'acme-corp', function: 'price_feed' };
const logger = createLogger({ level: 'silent', pretty: false, name: 'test' });

const eventOf = (id: string): CloudEvent =>
  fromJsonFormat({
    specversion: '1.0',
    id,
    source: 'network.notifi.acme-corp',
    type: 'network.notifi.lambda.parser.start',
    subject: 'price_feed',
  });

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await sleep(1);
};

const refused = new CodedError('EVENT_REFUSED', 'The broker answered 413');
const away = new CodedError('BROKER_UNAVAILABLE', 'The broker answered 500');

describe('events that wait', () => {
  let folder = '';
  let answer: (event: CloudEvent) => Promise<void> = () => Promise.resolve();
  let letterAnswer: () => Promise<void> = () => Promise.resolve();
  let [tried, taken]: [string[], string[]] = [[], []];
  let letters: CloudEvent[] = [];
  let pending: PendingEvents;
  let temp: ObjectStore;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pending-'));
    [answer, letterAnswer] = [() => Promise.resolve(), () => Promise.resolve()];
    [tried, taken, letters] = [[], [], []];
    const functionEvents: EventSink = {
      publish: async (event) => {
        tried.push(event.id);
        await answer(event);
        taken.push(event.id);
        return 'owed';
      },
    };
    const events: EventSink = {
      publish: async (event) => {
        await letterAnswer();
        letters.push(event);
        return 'owed';
      },
    };
    temp = createLocalObjectStore(folder);
    pending = createPendingEvents({ temp, functionEvents, events, logger: await logger, now: Date.now });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `event-${at}`);
  const keep = async (count: number): Promise<string[]> => {
    for (const id of ids(count)) await pending.keep(ref, eventOf(id), undefined, 0);
    return ids(count);
  };
  const left = async (): Promise<string[]> => (await Array.fromAsync(pending.list())).map(({ event }) => event.id).sort();
  const only = (bad: string, error: CodedError) => (event: CloudEvent) =>
    event.id === bad ? Promise.reject(error) : Promise.resolve();

  it.each(ids(3))(
    'are handed over, all but %s, which the broker refuses for good and which becomes a dead letter',
    async (bad) => {
      const all = await keep(3);
      answer = only(bad, refused);
      expect(await pending.deliver(ref)).toBe(3);
      expect(taken.sort()).toEqual(all.filter((id) => id !== bad));
      expect(letters).toMatchObject([{ data: { json: { code: 'EVENT_REFUSED', original: { id: bad } } } }]);
      expect(await left()).toEqual([]);
    },
  );

  it.each(ids(3))('are handed over, all but %s, which may be taken later and waits on', async (bad) => {
    const all = await keep(3);
    answer = only(bad, away);
    await expect(pending.deliver(ref)).rejects.toBe(away);
    expect(taken.sort()).toEqual(all.filter((id) => id !== bad));
    expect(await left()).toEqual([bad]);
    expect(letters).toEqual([]);
  });

  it('wait on when their broker is away, which is not asked for each of them', async () => {
    const all = await keep(40);
    answer = () => Promise.reject(away);
    await expect(pending.deliver(ref)).rejects.toBe(away);
    expect(tried.length).toBeLessThan(20);
    expect(await left()).toEqual(all.sort());
  });

  it('hold up none of the others when not even their letter is taken', async () => {
    await keep(3);
    answer = only('event-1', refused);
    letterAnswer = () => Promise.reject(refused);
    expect(await pending.deliver(ref)).toBe(2);
    expect(await left()).toEqual(['event-1']);
    expect(await pending.reject(ref, away)).toBe(0);
    letterAnswer = () => Promise.resolve();
    expect(await pending.reject(ref, away)).toBe(1);
  });

  it('are passed over where they are none, or wait for another function of the same digits', async () => {
    await keep(1);
    const other = { ref: { tenant: 'other', function: 'other' }, event: toJsonFormat(eventOf('event-0')) };
    await temp.write(`${pendingPrefix(ref)}0-broken.json`, Buffer.from('{'));
    await temp.write(`${pendingPrefix(ref)}1-other.json`, Buffer.from(JSON.stringify(other)));
    expect(await pending.deliver(ref)).toBe(1);
    expect(await Array.fromAsync(pending.list())).toMatchObject([{ ref: other.ref }]);
    expect(await Array.fromAsync(temp.list('pending/'))).toHaveLength(2);
  });

  it('are handed over once, a few at a time, however many ask for it; also what is kept while that goes on', async () => {
    const all = await keep(60);
    const late = 'late';
    let [most, atWork] = [0, 0];
    answer = async () => {
      most = Math.max(most, ++atWork);
      await sleep(2);
      atWork--;
    };
    const first = pending.deliver(ref);
    await until(() => taken.length > 20);
    await pending.keep(ref, eventOf(late), undefined, 0);
    const others = [pending.deliver(ref), pending.deliver(ref)] as const;
    await Promise.all(others);
    expect(taken).toContain(late);
    expect(taken.sort()).toEqual([...all, late].sort());
    // Who lists a folder may or may not be told of what is put into it meanwhile.
    const [byFirst, byNext, byAnother] = await Promise.all([first, ...others]);
    expect(byFirst + byNext).toBe(61);
    expect(byAnother).toBe(byNext);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(10);
    expect(await pending.deliver(ref)).toBe(0);
  });

  it('are handed over by the next who asks when the one before failed', async () => {
    await keep(8);
    answer = () => Promise.reject(away);
    const failing = pending.deliver(ref);
    const next = pending.deliver(ref);
    await expect(failing).rejects.toBe(away);
    answer = () => Promise.resolve();
    expect(await next).toBe(8);
  });
});
