import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import {
  createLocalBroker,
  type BrokerDeps,
  type BrokerOptions,
  type Delivered,
  type Delivery,
  type LocalBroker,
} from '../../../../../src/adapters/local/broker/broker.ts';
import type { CloudEvent } from '../../../../../src/core/cloudevent.ts';
import { CodedError } from '../../../../../src/core/errors.ts';

const event = (id: string, data: unknown = { n: 1 }): CloudEvent => ({
  specversion: '1.0',
  id,
  source: 's',
  type: 't',
  extensions: {},
  data: { json: data },
});

describe('the in-process broker', () => {
  let folder: string;
  let seen: { trigger: string; event: CloudEvent }[];
  let done: Delivery[];
  let dead: { delivery: Delivery; answer: Delivered }[];
  let answer: (tries: number) => Delivered | Promise<Delivered>;
  const open: LocalBroker[] = [];

  const broker = (more: Partial<BrokerDeps> = {}, options: Partial<BrokerOptions> = {}): LocalBroker => {
    const created = createLocalBroker(
      {
        triggersFor: () => Promise.resolve(['trigger']),
        deliver: async (trigger, delivered) => {
          seen.push({ trigger, event: delivered });
          return answer(seen.filter((one) => one.event.id === delivered.id).length);
        },
        isDone: () => Promise.resolve(false),
        done: (delivery) => {
          done.push(delivery);
          return Promise.resolve();
        },
        dead: (delivery, last) => {
          dead.push({ delivery, answer: last });
          return Promise.resolve();
        },
        logger: pino({ level: 'silent' }),
        now: Date.now,
        ...more,
      },
      { folder, retries: 5, backoffMs: 5, parallelism: 2, ...options },
    );
    open.push(created);
    return created;
  };

  const settled = async (count: number): Promise<void> => {
    while (done.length + dead.length < count) await sleep(5);
    while ((await readdir(folder)).length > 0) await sleep(5);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'broker-'));
    seen = [];
    done = [];
    dead = [];
    answer = () => ({ status: 200 });
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close(100);
    await rm(folder, { recursive: true });
  });

  it.each([
    ['its backoff', { status: 503 }],
    ['the subscriber', { status: 503, retryAfterMs: 999_999_999_000 }],
  ])('waits before the next try also when %s says longer than a timer lasts', async (_, said) => {
    answer = () => said;
    const opened = broker({}, { retries: 30, backoffMs: 2 ** 33 });
    await opened.start();
    await opened.publish(event('1'));
    await sleep(100);
    expect(seen).toHaveLength(1);
  });

  it('owes the delivery from the moment publish resolves, to the process that comes after it', async () => {
    // Never started: as if it had died right after the promise.
    await broker().publish(event('a', { text: 'ä', big: 12_345_678 }));
    expect(seen).toEqual([]);
    const next = broker();
    await next.start();
    await settled(1);
    expect(seen.map((one) => one.event)).toEqual([event('a', { text: 'ä', big: 12_345_678 })]);
  });

  it('tries six times, each after twice the time, and then it is a dead letter with the number of tries', async () => {
    answer = () => ({ status: 503, message: 'not now' });
    const one = broker();
    await one.start();
    const begun = Date.now();
    await one.publish(event('a'));
    await settled(1);
    expect(seen).toHaveLength(6);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(5 + 10 + 20 + 40 + 80);
    expect(dead).toEqual([
      { delivery: expect.objectContaining({ attempts: 6 }) as unknown, answer: { status: 503, message: 'not now' } },
    ]);
  });

  it.each([400, 401, 410, 422])('does not retry a %i, which Knative takes as final', async (status) => {
    answer = () => ({ status });
    const one = broker();
    await one.start();
    await one.publish(event('a'));
    await settled(1);
    expect([seen.length, dead.length]).toEqual([1, 1]);
  });

  it.each([404, 408, 409, 429, 500])('retries a %i', async (status) => {
    answer = (tries) => ({ status: tries < 3 ? status : 202 });
    const one = broker();
    await one.start();
    await one.publish(event('a'));
    await settled(1);
    expect([seen.length, done.length]).toEqual([3, 1]);
  });

  it('waits as long as Retry-After says', async () => {
    answer = (tries) => (tries === 1 ? { status: 429, retryAfterMs: 200 } : { status: 200 });
    const one = broker();
    await one.start();
    const begun = Date.now();
    await one.publish(event('a'));
    await settled(1);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(200);
  });

  it('goes on counting the tries of the process before it', async () => {
    answer = () => ({ status: 500 });
    const first = broker();
    await first.start();
    await first.publish(event('a'));
    while (seen.length < 3) await sleep(1);
    await first.close(1_000);
    const tried = seen.length;
    const second = broker();
    await second.start();
    await settled(1);
    expect(seen).toHaveLength(6);
    expect(tried).toBeLessThan(6);
  });

  it('is one delivery when the same event is published again while it is owed, also at the same moment', async () => {
    const one = broker();
    await Promise.all([one.publish(event('a')), one.publish(event('a')), one.publish(event('a'))]);
    await one.start();
    await settled(1);
    expect(seen).toHaveLength(1);
  });

  it('owes nothing of an event that has a finished record, and says so', async () => {
    const one = broker({ isDone: () => Promise.resolve(true) });
    await one.start();
    expect(await one.publish(event('a'))).toBe('done');
    expect([seen, await readdir(folder)]).toEqual([[], []]);
  });

  it('has at most so many deliveries of one trigger in hand, and one trigger does not hold up another', async () => {
    const slow = Promise.withResolvers<undefined>();
    const inHand = new Map<string, number>();
    const most = new Map<string, number>();
    const one = broker({
      triggersFor: ({ id }) => Promise.resolve([id.startsWith('slow') ? 'slow' : 'quick']),
      deliver: async (trigger) => {
        inHand.set(trigger, (inHand.get(trigger) ?? 0) + 1);
        most.set(trigger, Math.max(most.get(trigger) ?? 0, inHand.get(trigger) ?? 0));
        if (trigger === 'slow') await slow.promise;
        inHand.set(trigger, (inHand.get(trigger) ?? 0) - 1);
        return { status: 200 };
      },
    });
    await one.start();
    for (let index = 0; index < 5; index++) await one.publish(event(`slow-${index}`));
    await one.publish(event('quick'));
    while (done.length < 1) await sleep(5);
    expect(done[0]?.trigger).toBe('quick');
    expect(most.get('slow')).toBe(2);
    slow.resolve(undefined);
    await settled(6);
  });

  it('tries again when how it ended could not be noted', async () => {
    let broken = true;
    const one = broker({
      done: async (delivery) => {
        if (broken) {
          broken = false;
          throw new Error('the disk is full');
        }
        await Promise.resolve(done.push(delivery));
      },
    });
    await one.start();
    await one.publish(event('a'));
    await settled(1);
    expect(seen).toHaveLength(2);
  });

  it('makes dead letters of what a removed trigger was owed', async () => {
    const one = broker();
    await one.publish(event('a'));
    await one.removeTrigger('trigger', 'The function was deleted');
    expect(dead).toEqual([expect.objectContaining({ answer: { message: 'The function was deleted' } })]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('goes on with what a removed trigger was owed when that could not be made a dead letter', async () => {
    const one = broker({ dead: () => Promise.reject(new Error('the disk is full')) }, { backoffMs: 200 });
    answer = (tries) => ({ status: tries === 1 ? 503 : 200 });
    await one.start();
    await one.publish(event('a'));
    while (seen.length < 1) await sleep(1);
    await sleep(20);
    await expect(one.removeTrigger('trigger', 'The function was deleted')).rejects.toThrow('the disk is full');
    await settled(1);
    expect(seen).toHaveLength(2);
  });

  it('does not count a try that its own end cut off', async () => {
    const one = broker({
      deliver: (_trigger, _event, signal) =>
        new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new CodedError('FUNCTION_UNAVAILABLE', 'aborted'))),
        ),
    });
    await one.start();
    await one.publish(event('a'));
    await sleep(20);
    await one.close(10);
    const next = broker();
    await next.start();
    await settled(1);
    expect(done).toEqual([expect.objectContaining({ attempts: 0 })]);
  });

  it('takes nothing more once it is closing', async () => {
    const one = broker();
    await one.close(10);
    await expect(one.publish(event('a'))).rejects.toMatchObject({ code: 'STOPPING' });
  });
});
