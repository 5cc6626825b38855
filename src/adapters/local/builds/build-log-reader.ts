// The log of a build as it is read: from a byte offset, and on until the build ends. Woken when the log grows; nothing is polled.
import { EventEmitter } from 'node:events';
import { open, type FileHandle } from 'node:fs/promises';
import { createLineCutter } from '../../../core/log-lines.ts';
import type { LogLine } from '../../../ports.ts';
import { isMissing } from '../durable-file.ts';

const chunkBytes = 64 * 1024;

/** Rings when the log of a build has grown or its status has changed. */
export type Changes = { ring(buildId: string): void; listen(buildId: string, listener: () => void): () => void };

export const createChanges = (): Changes => {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    ring: (buildId) => void emitter.emit(buildId),
    listen: (buildId, listener) => {
      emitter.on(buildId, listener);
      return () => void emitter.off(buildId, listener);
    },
  };
};

export type LogReading = {
  path: string;
  offset: number;
  follow: boolean;
  signal: AbortSignal;
  /** Asked before each look at the file: a build that has ended wrote its last line before. */
  hasEnded: () => boolean;
  listen: (listener: () => void) => () => void;
};

const openIfThere = async (path: string): Promise<FileHandle | undefined> => {
  try {
    return await open(path, 'r');
  } catch (thrown) {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  }
};

/** Something that happened since the last look, or that will. */
const createWaker = (): { stir: () => void; look: () => void; wait: () => Promise<void> } => {
  let stirred = false;
  let wake: (() => void) | undefined;
  return {
    stir: () => {
      stirred = true;
      wake?.();
    },
    look: () => {
      stirred = false;
    },
    wait: () => (stirred ? Promise.resolve() : new Promise((resolve) => (wake = resolve))),
  };
};

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

/** The log's growth since the last call, a chunk at a time. */
const createGrowth = (path: string, start: number): { read: () => Promise<Buffer | undefined>; close: () => Promise<void> } => {
  const chunk = Buffer.alloc(chunkBytes);
  let position = start;
  let file: FileHandle | undefined;
  return {
    read: async () => {
      file ??= await openIfThere(path);
      const bytesRead = (await file?.read(chunk, 0, chunkBytes, position))?.bytesRead ?? 0;
      position += bytesRead;
      return bytesRead === 0 ? undefined : chunk.subarray(0, bytesRead);
    },
    close: async () => file?.close(),
  };
};

export async function* readLog(reading: LogReading): AsyncGenerator<LogLine, void, undefined> {
  const { signal } = reading;
  const cutter = createLineCutter(Math.max(0, Math.trunc(reading.offset) || 0));
  const growth = createGrowth(reading.path, cutter.from);
  const waker = createWaker();
  const unlisten = reading.listen(waker.stir);
  signal.addEventListener('abort', waker.stir);
  try {
    while (!isAborted(signal)) {
      waker.look();
      const ended = reading.hasEnded();
      for (let chunk = await growth.read(); chunk !== undefined && !isAborted(signal); chunk = await growth.read())
        yield* cutter.cut(chunk);
      if (ended) yield* cutter.rest();
      if (ended || !reading.follow) return;
      await waker.wait();
    }
  } finally {
    unlisten();
    signal.removeEventListener('abort', waker.stir);
    await growth.close();
  }
}
