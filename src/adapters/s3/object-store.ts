// The object store as a bucket of S3, or of a store that speaks like it.
import { DeleteObjectCommand, GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import type { ObjectStore, StoredObject } from '../../ports.ts';
import { contentOf } from './body.ts';
import { isMissing, readError, statusOf, writeError } from './errors.ts';
import { list, versionOf } from './listing.ts';
import { createWrite } from './write.ts';

export type S3ObjectStoreOptions = {
  readonly bucket: string;
  /** How long a body may stay silent before it counts as broken off. */
  readonly idleTimeoutMs?: number;
};

export const createS3ObjectStore = (client: S3Client, options: S3ObjectStoreOptions): ObjectStore => {
  const { bucket, idleTimeoutMs = 20_000 } = options;

  const read = async (key: string, range?: string): Promise<Readable> => {
    const found = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: key, ...(range === undefined ? {} : { Range: range }) }),
    );
    return contentOf(found.Body as Readable, idleTimeoutMs);
  };

  /** The answer to HEAD has no body, so a 403 does not say whose fault it is; the answer to GET does. */
  const explained = async (thrown: unknown, key: string): Promise<unknown> => {
    if (statusOf(thrown) !== 403) return thrown;
    try {
      (await read(key, 'bytes=0-0')).destroy();
      return thrown;
    } catch (explanation) {
      return explanation;
    }
  };

  return {
    head: async (key): Promise<StoredObject | undefined> => {
      try {
        const found = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
        return {
          key,
          size: found.ContentLength ?? 0,
          version: versionOf(found.ETag),
          modifiedAt: found.LastModified?.getTime() ?? 0,
        };
      } catch (thrown) {
        const error = readError(await explained(thrown, key), key);
        if (error.code === 'SOURCE_NOT_FOUND') return undefined;
        throw error;
      }
    },
    read: async (key) => {
      try {
        return await read(key);
      } catch (thrown) {
        throw readError(thrown, key);
      }
    },
    write: createWrite(client, bucket),
    list: (prefix) => list(client, bucket, prefix),
    remove: async (key) => {
      try {
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key }));
      } catch (thrown) {
        if (!isMissing(thrown)) throw writeError(thrown);
      }
    },
  };
};
