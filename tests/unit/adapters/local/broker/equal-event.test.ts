import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import {
  createLocalBroker,
  type BrokerDeps,
  type Delivered,
  type Delivery,
  type LocalBroker,
} from '../../../../../src/adapters/local/broker/broker.ts';
import type { CloudEvent } from '../../../../../src/core/cloudevent.ts';

const event: CloudEvent = { specversion: '1.0', id: 'a', source: 's', type: 't', extensions: {} };

describe('an equal event that comes while it is noted how the first one ended', () => {
  let folder: string;
  let seen: number;
  let done: Delivery[];
  let answer: (tries: number) => Delivered | Promise<Delivered>;
  const open: LocalBroker[] = [];

  const broker = (more: Partial<BrokerDeps> = {}): LocalBroker => {
    const note = (delivery: Delivery): Promise<void> => Promise.resolve(void done.push(delivery));
    const deps: BrokerDeps = {
      triggersFor: () => Promise.resolve(['trigger']),
      deliver: async () => answer(++seen),
      isDone: () => Promise.resolve(false),
      done: note,
      dead: note,
      logger: pino({ level: 'silent' }),
      now: Date.now,
      ...more,
    };
    const created = createLocalBroker(deps, { folder, retries: 5, backoffMs: 5, parallelism: 2 });
    open.push(created);
    return created;
  };
  const settled = async (count: number): Promise<void> => {
    while (done.length < count || (await readdir(folder)).length > 0) await sleep(5);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'broker-'));
    seen = 0;
    done = [];
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close(100);
    await rm(folder, { recursive: true });
  });

  it.each<[string, Delivered, keyof Pick<BrokerDeps, 'done' | 'dead'>]>([
    ['a dead letter', { status: 400 }, 'dead'],
    ['done', { status: 200 }, 'done'],
  ])('is delivered too, after it: %s', async (_, first, how) => {
    answer = (tries) => (tries === 1 ? first : { status: 200 });
    let noted = false;
    const one: LocalBroker = broker({
      [how]: async (delivery: Delivery) => {
        if (!noted) {
          expect(await one.publish(event)).toBe('owed');
          await sleep(20);
          expect(seen).toBe(1);
        }
        noted = true;
        done.push(delivery);
      },
    });
    await one.start();
    await one.publish(event);
    await settled(2);
    expect(seen).toBe(2);
    expect(done.at(-1)).toMatchObject({ attempts: 0 });
  });

  it('is owed from then on, with all its tries, whenever the process dies', async () => {
    answer = (tries) => ({ status: tries === 1 ? 500 : 400 });
    const dies = Promise.withResolvers<undefined>();
    const told = Promise.withResolvers<undefined>();
    const one: LocalBroker = broker({
      dead: async () => {
        await one.publish(event);
        told.resolve(undefined);
        await dies.promise;
      },
    });
    await one.start();
    await one.publish(event);
    await told.promise;
    const next = broker();
    answer = () => ({ status: 200 });
    await next.start();
    await settled(1);
    expect(done).toEqual([expect.objectContaining({ attempts: 0 })]);
    dies.resolve(undefined);
  });

  it('does not run again what was just finished', async () => {
    let finished = false;
    const one: LocalBroker = broker({
      isDone: () => Promise.resolve(finished),
      done: async (delivery) => {
        await one.publish(event);
        await sleep(20);
        finished = true;
        done.push(delivery);
      },
    });
    await one.start();
    await one.publish(event);
    await settled(1);
    expect(seen).toBe(1);
  });

  it('is delivered when the first one ended because its trigger was removed, whatever that one is answered later', async () => {
    const late = Promise.withResolvers<Delivered>();
    answer = (tries) => (tries === 1 ? late.promise : { status: 200 });
    const one: LocalBroker = broker({
      dead: async () => {
        await one.publish(event);
      },
    });
    await one.start();
    await one.publish(event);
    await one.removeTrigger('trigger', 'The function was deleted');
    await settled(1);
    late.resolve({ status: 500 });
    await sleep(50);
    expect([seen, await readdir(folder)]).toEqual([2, []]);
  });
});
