// The objects below a prefix, page by page, in the order that the port promises.
import { ListObjectsV2Command, type ListObjectsV2CommandOutput, type S3Client, type _Object as Listed } from '@aws-sdk/client-s3';
import { CodedError } from '../../core/errors.ts';
import type { StoredObject } from '../../ports.ts';
import { readError } from './errors.ts';

export const versionOf = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');

/** Asked for in URL encoding, since XML cannot carry every key. Not every store heeds the wish; it says whether it did. */
const keyOf = (key: string, encoding: string | undefined): string =>
  encoding === 'url' ? decodeURIComponent(key.replaceAll('+', ' ')) : key;

const objectOf = (found: Listed, encoding: string | undefined): StoredObject => ({
  key: keyOf(found.Key ?? '', encoding),
  size: found.Size ?? 0,
  version: versionOf(found.ETag),
  modifiedAt: found.LastModified?.getTime() ?? 0,
});

async function* pages(client: S3Client, bucket: string, prefix: string): AsyncIterable<StoredObject> {
  let token: string | undefined;
  do {
    const page: ListObjectsV2CommandOutput = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token, EncodingType: 'url' }),
    );
    for (const found of page.Contents ?? []) {
      const object = objectOf(found, page.EncodingType);
      // Consoles leave an empty object for each folder that somebody makes; it is no content.
      if (!object.key.endsWith('/')) yield object;
    }
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (next !== undefined && next === token) throw new CodedError('SOURCE_UNAVAILABLE', 'The object store lists in circles');
    token = next;
  } while (token !== undefined);
}

/** A code unit from which on the order of UTF-8 bytes, which is S3's, and that of UTF-16 code units, which is ours, can differ. */
const unusual = /[\ud800-\uffff]/;

/**
 * Two keys whose order differs share a beginning and go on with a character beyond U+D7FF; so does every key between them. So it is
 * enough to sort each run of such keys.
 */
export async function* inCodeUnitOrder(objects: AsyncIterable<StoredObject>): AsyncIterable<StoredObject> {
  let run: StoredObject[] = [];
  const sorted = (): StoredObject[] => run.sort((a, b) => (a.key < b.key ? -1 : 1));
  for await (const object of objects) {
    if (unusual.test(object.key)) {
      run.push(object);
      continue;
    }
    yield* sorted();
    run = [];
    yield object;
  }
  yield* sorted();
}

export async function* list(client: S3Client, bucket: string, prefix: string): AsyncIterable<StoredObject> {
  try {
    yield* inCodeUnitOrder(pages(client, bucket, prefix));
  } catch (thrown) {
    throw readError(thrown, prefix);
  }
}
