// The S3 that tests run against: S3_TEST_ENDPOINT with the AWS_* of the environment, or the project's own server.
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3';
import { randomUUID } from 'node:crypto';
import { createS3Client, type S3Options } from '../../../src/adapters/s3/client.ts';
import { report, runScript, started, type Missing } from './service.ts';

export type S3 = { endpoint: string };

export const findS3 = async (): Promise<S3 | Missing> => {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test-secret';
  const given = process.env.S3_TEST_ENDPOINT;
  if (given !== undefined && given !== '') return report(await answering(given));
  return report(await started('S3', async () => ({ endpoint: await runScript('s3', ['start']) })));
};

const answering = async (endpoint: string): Promise<S3 | Missing> => {
  try {
    await fetch(endpoint, { signal: AbortSignal.timeout(5_000) });
    return { endpoint };
  } catch {
    return { missing: `S3_TEST_ENDPOINT=${endpoint} does not answer` };
  }
};

export const s3OptionsOf = ({ endpoint }: S3): S3Options => ({ endpoint, region: 'us-east-1', pathStyle: true });

export type TestBucket = { client: S3Client; bucket: string; close: () => Promise<void> };

const removeAll = async (client: S3Client, bucket: string): Promise<void> => {
  for (;;) {
    const { Contents: found = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    if (found.length === 0) break;
    await Promise.all(found.map(({ Key }) => client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))));
  }
  await client.send(new DeleteBucketCommand({ Bucket: bucket }));
};

/** Empty, and gone afterwards. */
export const openBucket = async (s3: S3): Promise<TestBucket> => {
  const client = createS3Client(s3OptionsOf(s3));
  const bucket = `test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return {
    client,
    bucket,
    close: async () => {
      await removeAll(client, bucket);
      client.destroy();
    },
  };
};
