// Writing an object: whole or not at all, and on request only if there is none.
import { HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import Bottleneck from 'bottleneck';
import type { Readable } from 'node:stream';
import { isMissing, nameOf, statusOf, writeError } from './errors.ts';

type Target = { readonly Bucket: string; readonly Key: string };

const isThere = async (client: S3Client, target: Target): Promise<boolean> => {
  try {
    await client.send(new HeadObjectCommand(target));
    return true;
  } catch (thrown) {
    if (isMissing(thrown)) return false;
    throw thrown;
  }
};

/** A part is held in memory twice while it is put together; the other streams wait, and with them whoever fills them. */
const uploadsAtOnce = 4;

/** In parts of 5 MiB, the least that S3 takes, once it is longer than one; a part at a time. */
const upload = async (
  client: S3Client,
  target: Target,
  body: Readable,
  condition: Partial<PutObjectCommandInput>,
): Promise<void> => {
  let broken: { cause: unknown } | undefined;
  body.once('error', (cause) => void (broken = { cause }));
  try {
    await new Upload({ client, params: { ...target, ...condition, Body: body }, queueSize: 1 }).done();
  } catch (thrown) {
    // Taking back the parts may fail as well; what broke first is what the caller has to know.
    throw broken === undefined ? thrown : broken.cause;
  }
};

export type Write = (key: string, body: Readable | Buffer, options?: { ifAbsent?: boolean }) => Promise<'written' | 'exists'>;

export const createWrite = (client: S3Client, bucket: string): Write => {
  /** Until the store says that it has no conditional writes. */
  let conditional = true;
  const uploads = new Bottleneck({ maxConcurrent: uploadsAtOnce });

  const send = async (target: Target, body: Readable | Buffer, condition: Partial<PutObjectCommandInput>): Promise<void> => {
    if (Buffer.isBuffer(body)) await client.send(new PutObjectCommand({ ...target, ...condition, Body: body }));
    else await uploads.schedule(() => upload(client, target, body, condition));
  };

  const writeIfAbsent = async (target: Target, body: Readable | Buffer): Promise<'written' | 'exists'> => {
    // A stream can be sent once only, so what the store is able to do is asked before.
    if (!conditional && (await isThere(client, target))) return 'exists';
    try {
      await send(target, body, conditional ? { IfNoneMatch: '*' } : {});
      return 'written';
    } catch (thrown) {
      if (statusOf(thrown) === 412) return 'exists';
      // Another one writes the same key right now. It may fail, and then this one has not written either.
      if (statusOf(thrown) === 409 && (await isThere(client, target))) return 'exists';
      if (statusOf(thrown) !== 501 || nameOf(thrown) !== 'NotImplemented' || !conditional) throw thrown;
      conditional = false;
      if (Buffer.isBuffer(body)) return writeIfAbsent(target, body);
      throw thrown;
    }
  };

  return async (key, body, { ifAbsent = false } = {}) => {
    const target = { Bucket: bucket, Key: key };
    try {
      if (ifAbsent) return await writeIfAbsent(target, body);
      await send(target, body, {});
      return 'written';
    } catch (thrown) {
      throw writeError(thrown);
    }
  };
};
