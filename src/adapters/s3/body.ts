// The content of an object as it comes in. A body that ends early or falls silent is an error of the store, not a shorter object.
import { Readable } from 'node:stream';
import { CodedError } from '../../core/errors.ts';

const broken = (message: string, cause?: unknown): CodedError => new CodedError('SOURCE_UNAVAILABLE', message, { cause });

/** Time counts only while a chunk is waited for: a reader that is slow itself is not the store's fault. */
async function* chunksOf(body: Readable, idleTimeoutMs: number): AsyncIterable<Buffer> {
  const silent = broken('The object store stopped sending');
  const watch = (): NodeJS.Timeout => setTimeout(() => body.destroy(silent), idleTimeoutMs);
  let timer = watch();
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      clearTimeout(timer);
      yield chunk;
      timer = watch();
    }
  } catch (thrown) {
    throw thrown === silent ? silent : broken('The object store broke off the object', thrown);
  } finally {
    clearTimeout(timer);
    body.destroy();
  }
}

export const contentOf = (body: Readable, idleTimeoutMs: number): Readable => {
  // It may break off before anybody reads; whoever begins to read then is told.
  body.on('error', () => undefined);
  const content = Readable.from(chunksOf(body, idleTimeoutMs), { objectMode: false });
  // Whoever gives up before the first chunk must give the connection back too.
  return content.once('close', () => void body.destroy());
};
