import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import type { LocalBroker } from '../../../src/adapters/local/broker/broker.ts';
import { createResults, type Results } from '../../../src/adapters/local/broker/results.ts';
import { createLocalDeadLetterQueue } from '../../../src/adapters/local/dead-letter-queue.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { toJsonFormat } from '../../../src/core/json-format.ts';
import { createBuilderBroker, createFunctionsBroker } from '../../../src/local/brokers.ts';
import type { DeadLetterQueue, FunctionPlatform, Reply } from '../../../src/ports.ts';

const logger = pino({ level: 'silent' });
const event: CloudEvent = {
  specversion: '1.0',
  id: 'event',
  source: 'network.notifi.acme',
  subject: 'parser',
  type: 'network.notifi.lambda.parser.start',
  extensions: {},
};
const answered = (status: number): Reply => ({ status, headers: {}, body: Buffer.alloc(0) });

describe('a dead letter that is redriven as soon as it can be seen', () => {
  let folder: string;
  let broker: LocalBroker;
  let letters: DeadLetterQueue;
  let seen: number;

  const redriveOne = async (): Promise<void> => {
    const [id = ''] = await letters.matching({});
    expect(await letters.redrive(id)).toBe('redriven');
  };
  const settings = () => ({ folder, retries: 0, backoffMs: 1, parallelism: 2 });
  const shared = { deadLetters: () => letters, logger, now: Date.now };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'brokers-'));
    seen = 0;
    letters = await createLocalDeadLetterQueue(join(folder, 'letters'), {
      redeliver: async (letter) => {
        await broker.publish(letter.event);
      },
      logger,
    });
  });
  afterEach(async () => {
    await broker.close(100);
    await rm(folder, { recursive: true });
  });

  it('is delivered to its function once more, before it was noted how the first delivery ended', async () => {
    const results = createResults(join(folder, 'results'));
    const slow: Results = {
      ...results,
      put: async (...result) => {
        if (result[2].outcome === 'dead') await redriveOne();
        await results.put(...result);
      },
    };
    const functions = {
      get: () => Promise.resolve({}),
      invoke: () => Promise.resolve(answered(seen++ === 0 ? 400 : 204)),
    } as unknown as FunctionPlatform;
    broker = createFunctionsBroker({ ...shared, functions: () => functions, results: slow }, settings());
    await broker.start();
    await broker.publish(event);
    while ((await readdir(join(folder, 'functions'))).length > 0 || seen === 0) await sleep(5);
    expect(seen).toBe(2);
    expect(await letters.matching({})).toEqual([]);
  });

  it('comes to the door once more, and is a letter again when that refuses it again', async () => {
    const rejection: CloudEvent = {
      specversion: '1.0',
      id: 'rejection',
      source: 'network.notifi.acme',
      type: 'network.notifi.lambda.event.rejected',
      extensions: {},
      data: { json: { original: toJsonFormat(event), category: 'validation', message: 'no' } },
    };
    const door = (): Promise<Reply> => {
      seen++;
      const headers = { 'content-type': 'application/cloudevents+json' };
      return Promise.resolve({ status: 200, headers, body: Buffer.from(JSON.stringify(toJsonFormat(rejection))) });
    };
    let redriven = false;
    const queue = letters;
    letters = {
      ...queue,
      put: async (letter) => {
        await queue.put(letter);
        if (redriven) return;
        redriven = true;
        await redriveOne();
        // Time enough for the second refusal, which has the id of the first.
        await sleep(100);
      },
    };
    broker = createBuilderBroker({ ...shared, door }, settings());
    await broker.start();
    await broker.publish(event);
    while ((await readdir(join(folder, 'builder'))).length > 0 || seen < 2) await sleep(5);
    const [id = ''] = await letters.matching({});
    expect(await letters.get(id)).toMatchObject({ event, category: 'validation', reason: 'no' });
  });
});
