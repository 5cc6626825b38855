// How a store that is slow, busy, broken or closed to us looks from outside of the adapter.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { CodedError } from '../../../../src/core/errors.ts';
import { failWith, startFakeS3, type FakeS3, type Handler } from './fake-s3.ts';

let s3: FakeS3;

beforeEach(async () => {
  s3 = await startFakeS3();
});
afterEach(() => s3.close());

const textOf = async (key: string): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of (await s3.store.read(key)) as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

const answerWith =
  (body: string, headers: Record<string, string | number> = {}): Handler =>
  (request, response) => {
    request.resume().once('end', () => response.writeHead(200, { etag: '"e"', ...headers }).end(body));
  };

describe('a store that refuses', () => {
  it('403 for a key is the sender’s mistake, and no event is tried again for it', async () => {
    s3.handle(failWith(403, 'AccessDenied'));
    await expect(s3.store.read('k')).rejects.toMatchObject({ code: 'SOURCE_ACCESS_DENIED', retryable: false });
    await expect(s3.store.head('k')).rejects.toMatchObject({ code: 'SOURCE_ACCESS_DENIED' });
    await expect(Array.fromAsync(s3.store.list('p/'))).rejects.toMatchObject({ code: 'SOURCE_ACCESS_DENIED' });
  });

  it.each(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'RequestTimeTooSkewed'])(
    '403 for our credentials (%s) is not, so the event comes again once they are mended',
    async (code) => {
      s3.handle(failWith(403, code));
      await expect(s3.store.read('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE', retryable: true });
      await expect(s3.store.head('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    },
  );

  it('403 for what the platform itself writes is never the sender’s mistake', async () => {
    s3.handle(failWith(403, 'AccessDenied'));
    await expect(s3.store.write('k', Buffer.from('x'))).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
    await expect(s3.store.remove('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('404 is an absent object, but 404 for the bucket is not', async () => {
    s3.handle(failWith(404, 'NoSuchKey'));
    expect(await s3.store.head('k')).toBeUndefined();
    await s3.store.remove('k');
    await expect(s3.store.read('k')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND', details: { field: 's3_key' } });
    s3.handle(failWith(404, 'NoSuchBucket'));
    await expect(s3.store.read('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('a key that is longer than S3 knows is absent', async () => {
    s3.handle(failWith(400, 'KeyTooLongError'));
    await expect(s3.store.read('k')).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('says nothing of what the store said', async () => {
    s3.handle(failWith(500, 'InternalError'));
    const refusal = await s3.store.read('k').catch((thrown: unknown) => thrown);
    expect(refusal).toBeInstanceOf(CodedError);
    expect((refusal as CodedError).message).toBe('The object store does not answer');
  });
});

describe('a store that is busy', () => {
  it('503 SlowDown is tried again, so often as is set and no more, and then it is "not now"', async () => {
    s3.handle(failWith(503, 'SlowDown'));
    await expect(s3.store.read('k')).rejects.toMatchObject({ code: 'STORAGE_BUSY', details: { retryAfterSeconds: 5 } });
    expect(s3.requests).toHaveLength(2);
  });

  it('what heals meanwhile succeeds', async () => {
    let tries = 0;
    s3.handle((request, response) => (++tries === 1 ? failWith(503, 'SlowDown') : answerWith('content'))(request, response));
    expect(await textOf('k')).toBe('content');
  });
});

describe('a store that is slow or breaks off', () => {
  it('an answer that does not begin ends with the time limit', async () => {
    s3.handle(() => undefined);
    await expect(s3.store.head('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('a body that ends early is an error and no shorter object', async () => {
    s3.handle((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only this', () => response.destroy());
    });
    await expect(textOf('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('a body that falls silent ends with the time limit', async () => {
    s3.handle((_, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only this');
    });
    await expect(textOf('k')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('a reader that is slow itself is given its time', async () => {
    s3.handle(answerWith('x'.repeat(1_000_000), { 'content-length': 1_000_000 }));
    let length = 0;
    for await (const chunk of (await s3.store.read('k')) as AsyncIterable<Buffer>) {
      if (length === 0) await sleep(700);
      length += chunk.length;
    }
    expect(length).toBe(1_000_000);
  });

  it('whoever gives up before the first chunk gives the connection back', async () => {
    s3.handle((_, response) => {
      response.writeHead(200, { 'content-length': 10_000_000 });
      response.write('x');
    });
    (await s3.store.read('k')).destroy();
    for (let tries = 0; tries < 50 && (await s3.openConnections()) > 0; tries++) await sleep(20);
    expect(await s3.openConnections()).toBe(0);
  });
});

describe('writing only if there is none', () => {
  const onPut =
    (put: Handler, otherwise: Handler): Handler =>
    (request, response) =>
      (request.method === 'PUT' ? put : otherwise)(request, response);

  it('another who writes the same key at this moment has written it', async () => {
    s3.handle(onPut(failWith(409, 'ConditionalRequestConflict'), answerWith('')));
    expect(await s3.store.write('k', Buffer.from('x'), { ifAbsent: true })).toBe('exists');
  });

  it('unless nothing is there afterwards: then it is "not now"', async () => {
    s3.handle(onPut(failWith(409, 'ConditionalRequestConflict'), failWith(404, 'NotFound')));
    await expect(s3.store.write('k', Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  });

  it('a store without conditional writes is asked first instead', async () => {
    s3.handle((request, response) => {
      if (request.method === 'HEAD') failWith(404, 'NotFound')(request, response);
      else (request.headers['if-none-match'] === undefined ? answerWith('') : failWith(501, 'NotImplemented'))(request, response);
    });
    expect(await s3.store.write('k', Buffer.from('x'), { ifAbsent: true })).toBe('written');
    s3.requests.length = 0;
    expect(await s3.store.write('k', Readable.from([Buffer.from('x')]), { ifAbsent: true })).toBe('written');
    expect(s3.requests.map((request) => request.split(' ')[0])).toEqual(['HEAD', 'PUT']);
  });

  it('a coded error of the source stays what it is', async () => {
    s3.handle(answerWith(''));
    const failing = async function* (): AsyncIterable<Buffer> {
      yield Buffer.from('half');
      await Promise.resolve();
      throw new CodedError('SOURCE_INVALID', 'The archive is broken');
    };
    await expect(s3.store.write('k', Readable.from(failing()))).rejects.toMatchObject({ code: 'SOURCE_INVALID' });
    expect(s3.requests).toEqual([]);
  });
});

it('a store that refuses the first part stops the stream that has more', async () => {
  s3.handle(failWith(403, 'AccessDenied'));
  const endless = async function* (): AsyncIterable<Buffer> {
    for (;;) {
      await Promise.resolve();
      yield Buffer.alloc(2 ** 20);
    }
  };
  const body = Readable.from(endless());
  await expect(s3.store.write('k', body)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
  expect(body.destroyed).toBe(true);
});
