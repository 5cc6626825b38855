// The order of a listing: S3's is that of UTF-8 bytes, the port's that of UTF-16 code units.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inCodeUnitOrder } from '../../../../src/adapters/s3/listing.ts';
import type { StoredObject } from '../../../../src/ports.ts';
import { startFakeS3, type FakeS3 } from './fake-s3.ts';

let s3: FakeS3;

beforeEach(async () => {
  s3 = await startFakeS3();
});
afterEach(() => s3.close());

const objectOf = (key: string): StoredObject => ({ key, size: 0, version: '', modifiedAt: 0 });

it('keys come by code units, whatever they are made of', async () => {
  const character = fc.constantFrom('a', 'z', '/', '\u{d7ff}', '\u{e000}', '\u{ffee}', '\u{1f600}', '\u{10000}');
  const key = fc.string({ unit: character, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { maxLength: 30 }), async (keys) => {
      const asStored = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const stored = async function* (): AsyncIterable<StoredObject> {
        await Promise.resolve();
        yield* asStored.map(objectOf);
      };
      const listed = await Array.fromAsync(inCodeUnitOrder(stored()));
      expect(listed.map((object) => object.key)).toEqual(keys.toSorted());
    }),
  );
});

const page = (keys: string[], token?: string): string =>
  `<?xml version="1.0"?><ListBucketResult><IsTruncated>${token !== undefined}</IsTruncated><EncodingType>url</EncodingType>
   ${token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`}
   ${keys.map((key) => `<Contents><Key>${key}</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`).join('')}
   </ListBucketResult>`;

it('a key that XML cannot carry comes through, and what stands for a folder is no object', async () => {
  s3.handle((_, response) => void response.end(page(['p/', 'p/a%01b', 'p/c+d'])));
  expect(await Array.fromAsync(s3.store.list('p/'))).toEqual([
    { key: 'p/a\u0001b', size: 1, version: 'e', modifiedAt: Date.UTC(2026, 0, 1) },
    { key: 'p/c d', size: 1, version: 'e', modifiedAt: Date.UTC(2026, 0, 1) },
  ]);
});

it('a store that leads in circles is not followed for ever', async () => {
  s3.handle((_, response) => void response.end(page(['k'], 'again')));
  await expect(Array.fromAsync(s3.store.list(''))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  expect(s3.requests).toHaveLength(2);
});
