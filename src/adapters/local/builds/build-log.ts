// The log of a build as it is written: appended line by line, bounded, and told of when it has grown.
import { open } from 'node:fs/promises';

export type BuildLog = {
  /** What the platform says of the build. Never left out. */
  note(text: string): void;
  /** What a script printed. Left out beyond the bound. */
  output(text: string): void;
  /** The last lines of output that say something since the last note, at most `length` characters. */
  lastOutput(length: number): string;
  /** Resolves when all is written. */
  close(): Promise<void>;
};

const rememberedLines = 40;

/**
 * @param limitBytes of output, over all attempts; every attempt may write a tenth of it, whatever the earlier ones wrote
 * @param grown called after lines have reached the file
 * @param failed called when the file can't be written; the build goes on without it
 */
export const openBuildLog = async (
  path: string,
  limitBytes: number,
  { grown, failed }: { grown: () => void; failed: (thrown: unknown) => void },
): Promise<BuildLog> => {
  const file = await open(path, 'a+', 0o600);
  const { size } = await file.stat();
  let budget = Math.max(limitBytes - size, limitBytes / 10);
  let pending = (await endsInALine(file, size)) ? '' : '\n';
  let writing: Promise<void> | undefined;
  let leftOut = 0;
  const last: string[] = [];

  const flush = async (): Promise<void> => {
    while (pending !== '') {
      const text = pending;
      pending = '';
      await file.appendFile(text);
      grown();
    }
    writing = undefined;
  };
  const append = (text: string): void => {
    pending += `${text}\n`;
    writing ??= flush().catch((thrown: unknown) => {
      writing = undefined;
      failed(thrown);
    });
  };

  return {
    note: (text) => {
      last.length = 0;
      append(text);
    },
    output: (text) => {
      if (text.trim() !== '') last.push(text);
      if (last.length > rememberedLines) last.shift();
      budget -= Buffer.byteLength(text) + 1;
      if (budget >= 0) append(text);
      else if (leftOut++ === 0) append(`=== the log is cut here: the output is more than ${limitBytes} bytes`);
    },
    lastOutput: (length) => last.join('\n').slice(-length),
    close: async () => {
      if (leftOut > 0) append(`=== ${leftOut} lines were left out`);
      while (writing !== undefined) await writing;
      await file.close();
    },
  };
};

/** A platform that was killed may have left half a line, and lines must not grow together. */
const endsInALine = async (file: Awaited<ReturnType<typeof open>>, size: number): Promise<boolean> => {
  if (size === 0) return true;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] === 0x0a;
};
