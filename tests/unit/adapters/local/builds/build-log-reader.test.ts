import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createChanges, readLog, type LogReading } from '../../../../../src/adapters/local/builds/build-log-reader.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-log-reader-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const reading = (fields: Partial<LogReading>): LogReading => ({
  path: join(folder, 'log'),
  offset: 0,
  follow: true,
  signal: new AbortController().signal,
  hasEnded: () => false,
  listen: () => () => undefined,
  ...fields,
});
const textOf = async (lines: AsyncIterable<{ text: string }>): Promise<string[]> => {
  const texts: string[] = [];
  for await (const { text } of lines) texts.push(text);
  return texts;
};

describe('following a log', () => {
  test('misses nothing that changes while it looks', async () => {
    let ring = (): void => undefined;
    let looks = 0;
    const growAndRing = (): void => {
      appendFileSync(join(folder, 'log'), 'late\n');
      ring();
    };
    const hasEnded = (): boolean => {
      // The build ends between this look and the moment at which the reader would begin to wait.
      if (looks++ === 0) queueMicrotask(growAndRing);
      return looks > 1;
    };
    const listen = (listener: () => void): (() => void) => {
      ring = listener;
      return () => undefined;
    };
    expect(await textOf(readLog(reading({ hasEnded, listen })))).toEqual(['late']);
    expect(looks).toBe(2);
  });

  test('leaves no listener behind, however it ends', async () => {
    const changes = createChanges();
    let listening = 0;
    const listen = (listener: () => void): (() => void) => {
      listening++;
      const unlisten = changes.listen('id', listener);
      return () => {
        listening--;
        unlisten();
      };
    };
    appendFileSync(join(folder, 'log'), 'one\ntwo\n');
    for await (const { text } of readLog(reading({ listen }))) if (text === 'one') break;
    expect(await textOf(readLog(reading({ listen, hasEnded: () => true })))).toEqual(['one', 'two']);
    expect(await textOf(readLog(reading({ listen, follow: false })))).toEqual(['one', 'two']);
    expect(await textOf(readLog(reading({ listen, signal: AbortSignal.abort() })))).toEqual([]);
    expect(listening).toBe(0);
  });

  test('gives half a line only when the build has ended', async () => {
    appendFileSync(join(folder, 'log'), 'whole\nhal');
    expect(await textOf(readLog(reading({ follow: false })))).toEqual(['whole']);
    expect(await textOf(readLog(reading({ hasEnded: () => true })))).toEqual(['whole', 'hal']);
  });

  test('gives every line of a log that is larger than what is read at a time', async () => {
    const lines = Array.from({ length: 30_000 }, (_, number) => `zeile ${number} grün`);
    appendFileSync(join(folder, 'log'), `${lines.join('\n')}\n`);
    expect(await textOf(readLog(reading({ follow: false })))).toEqual(lines);
  });
});
