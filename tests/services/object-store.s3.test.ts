// The ObjectStore port on a real S3.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { Readable } from 'node:stream';
import { createS3ObjectStore } from '../../src/adapters/s3/object-store.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { objectStoreContract } from '../contract/object-store.ts';
import { findS3, openBucket, type TestBucket } from './support/s3.ts';
import { describeWith } from './support/service.ts';

const megabytes = (count: number): Readable =>
  Readable.from(Array.from({ length: count }, (_, index) => Buffer.alloc(2 ** 20, index)));

describeWith(await findS3(), 'the object store as a bucket', (s3) => {
  describe('keeps the contract of ObjectStore', () => {
    objectStoreContract(async () => {
      const { client, bucket, close } = await openBucket(s3);
      return { store: createS3ObjectStore(client, { bucket }), close };
    });
  });

  describe('does what only a bucket can', () => {
    let opened: TestBucket;
    let store: ObjectStore;

    beforeEach(async () => {
      opened = await openBucket(s3);
      store = createS3ObjectStore(opened.client, { bucket: opened.bucket });
    });
    afterEach(() => opened.close());

    const uploadsLeft = async (): Promise<number> => {
      const { Uploads: uploads = [] } = await opened.client.send(new ListMultipartUploadsCommand({ Bucket: opened.bucket }));
      return uploads.length;
    };

    it('of many who write a key at once if there is none, exactly one writes, in one part and in several', async () => {
      for (const body of [(index: number) => Buffer.from(`writer ${index}`), () => megabytes(6)]) {
        const key = `contexts/${body.length}`;
        const outcomes = await Promise.all(
          Array.from({ length: 8 }, (_, index) => store.write(key, body(index), { ifAbsent: true })),
        );
        expect(outcomes.filter((outcome) => outcome === 'written')).toHaveLength(1);
      }
      expect(await uploadsLeft()).toBe(0);
    });

    it('takes back the parts of a stream that fails after some of them were sent', async () => {
      async function* failing(): AsyncIterable<Buffer> {
        for (let index = 0; index < 12; index++) yield Buffer.alloc(2 ** 20);
        await Promise.resolve();
        throw new Error('the source broke');
      }
      await expect(store.write('large', Readable.from(failing()))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      expect(await store.head('large')).toBeUndefined();
      expect(await uploadsLeft()).toBe(0);
    });

    it('reads and lists keys with whatever characters they have', async () => {
      const keys = ['a b+c.js', 'grüße/ü.py', 'per%20cent', 'qu?ery=1&x#y.js', "quote's.js"].sort();
      for (const key of keys) await store.write(key, Buffer.from(key));
      expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(keys);
      for (const key of keys) expect(await store.head(key)).toMatchObject({ key, size: Buffer.byteLength(key) });
    });

    it('lists more than one page', async () => {
      const keys = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
      for (let from = 0; from < keys.length; from += 50) {
        await Promise.all(keys.slice(from, from + 50).map((key) => store.write(key, Buffer.from('x'))));
      }
      expect((await Array.fromAsync(store.list('many/'))).map(({ key }) => key)).toEqual(keys);
    });

    it('says "not now" when the bucket is not there, whatever is asked', async () => {
      const nowhere = createS3ObjectStore(opened.client, { bucket: 'test-there-is-no-such-bucket' });
      await expect(nowhere.read('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      await expect(nowhere.write('k', Buffer.from('x'))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      await expect(Array.fromAsync(nowhere.list(''))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    });
  });
});
