// What waits is handed over, whatever the brokers say to one of the events.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalObjectStore } from '../../../src/adapters/local/object-store.ts';
import { createPendingEvents, type PendingEvents } from '../../../src/builder/pending-events.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { CodedError } from '../../../src/core/errors.ts';
import { fromJsonFormat } from '../../../src/core/json-format.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import type { EventSink } from '../../../src/ports.ts';

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

const refused = new CodedError('EVENT_REFUSED', 'The broker answered 413');
const away = new CodedError('BROKER_UNAVAILABLE', 'The broker answered 500');

describe('events that wait', () => {
  let folder = '';
  let answer: (event: CloudEvent) => Promise<void> = () => Promise.resolve();
  let letterAnswer: () => Promise<void> = () => Promise.resolve();
  let [tried, taken]: [string[], string[]] = [[], []];
  let letters: CloudEvent[] = [];
  let pending: PendingEvents;

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
    const temp = createLocalObjectStore(folder);
    pending = createPendingEvents({ temp, functionEvents, events, logger: await logger, now: Date.now });
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const ids = (count: number): string[] => Array.from({ length: count }, (_, at) => `event-${at}`);
  const keep = async (count: number): Promise<string[]> => {
    for (const id of ids(count)) await pending.keep(ref, eventOf(id), undefined);
    return ids(count);
  };
  const left = async (): Promise<string[]> => (await Array.fromAsync(pending.list(ref))).map(({ event }) => event.id).sort();
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
});
