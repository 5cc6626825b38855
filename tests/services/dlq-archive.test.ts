// The consumer as a process of its own, with a bucket for the letters that it lets go.
import { expect, test } from '@jest/globals';
import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../bench/support/free-port.ts';
import { until } from './support/consumer.ts';
import { newPrefix, removeTopology, topologyOf } from './support/dead-letters.ts';
import { findSharedBroker } from './support/rabbitmq.ts';
import { findS3, openBucket } from './support/s3.ts';

const broker = await findSharedBroker();
const s3 = await findS3();
const main = join(import.meta.dirname, '../../src/dlq-consumer/main.ts');

const ready = 'url' in broker && 'endpoint' in s3 ? { amqpUrl: broker.url, s3 } : undefined;

(ready === undefined ? test.skip : test)(
  'what cleanup lets go is an object of the bucket, whole, before it leaves RabbitMQ',
  async () => {
    if (ready === undefined) return;
    const { client, bucket, close } = await openBucket(ready.s3);
    const prefix = newPrefix();
    const port = await freePort();
    const address = `http://127.0.0.1:${port}`;
    const consumer = spawn(process.execPath, [main], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        PATH: process.env.PATH,
        AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID,
        AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY,
        AMQP_URL: ready.amqpUrl,
        BROKER_URL: address,
        PORT: String(port),
        DLQ_NAME: prefix,
        DLQ_DELAYS_MS: '100,300',
        DLQ_RETENTION_LETTERS: '1',
        ARCHIVE_BUCKET: bucket,
        S3_ENDPOINT: ready.s3.endpoint,
        S3_REGION: 'us-east-1',
        S3_PATH_STYLE: 'true',
      },
    });
    const ended = once(consumer, 'exit');
    const ask = async (method: string, path: string, body?: string): Promise<Record<string, unknown>> => {
      const headers = { 'content-type': 'application/cloudevents+json' };
      const response = await fetch(`${address}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
      return (await response.json()) as Record<string, unknown>;
    };
    try {
      await until(
        () => ask('GET', '/readyz'),
        ({ status }) => status === 'ready',
      );
      for (const id of ['first', 'second', 'third']) {
        const attributes = { specversion: '1.0', id, source: 'network.notifi.acme', type: 't', knativeerrorcode: 400 };
        await ask('POST', '/dead-letters', JSON.stringify({ ...attributes, data: { id } }));
      }
      await until(
        () => ask('GET', '/dead-letters/stats'),
        ({ parked }) => parked === 3,
      );
      expect(await ask('POST', '/dead-letters/cleanup')).toMatchObject({ archived_for_number: 2, kept: 1 });
      const keys = await until(
        async () => ((await client.send(new ListObjectsV2Command({ Bucket: bucket }))).Contents ?? []).map(({ Key = '' }) => Key),
        (found) => found.length === 2,
      );
      const records = await Promise.all(
        keys.map(async (Key) => (await client.send(new GetObjectCommand({ Bucket: bucket, Key }))).Body?.transformToString()),
      );
      const events = records.map((text) => (JSON.parse(text ?? '') as { event: { id: string; data: unknown } }).event);
      expect(events.map(({ data }) => data)).toEqual(expect.arrayContaining([{ id: 'first' }, { id: 'second' }]));
      for (const key of keys) expect(key).toMatch(/^dead-letters\/\d{4}\/\d{2}\/\d{2}\/[0-9a-f]{32}-\d+\.json$/);
      await until(
        () => ask('GET', '/dead-letters/stats') as Promise<{ places: Record<string, number> }>,
        ({ places }) => places.archive === 0,
      );
    } finally {
      consumer.kill('SIGTERM');
      expect(await ended).toEqual([0, null]);
      await removeTopology(ready.amqpUrl, topologyOf(prefix));
      await close();
    }
  },
);
