import { describe, expect, test } from '@jest/globals';
import { cleanLine, createLineSplitter } from '../../../../src/adapters/local/lines.ts';

const linesOf = (...chunks: (string | Buffer)[]): string[] => {
  const lines: string[] = [];
  const splitter = createLineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.write(Buffer.from(chunk as string));
  splitter.end();
  return lines;
};

describe('what a tool printed', () => {
  test('becomes lines wherever the chunks are cut, also inside of a character', () => {
    const bytes = Buffer.from('grün 🌱\nzwei\r\ndrei');
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(linesOf(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(['grün 🌱', 'zwei', 'drei']);
    }
    expect(linesOf('', '\n\n', 'x\n')).toEqual(['', '', 'x']);
    expect(linesOf()).toEqual([]);
  });

  test('loses colours, cursor moves and everything else that could steer a terminal or a reader', () => {
    expect(cleanLine('\u001b[31mred\u001b[0m \u001b]0;title\u0007text\tkept \u009b1mbold')).toBe('red text\tkept bold');
    expect(cleanLine('a\u0000b\u0007c\u007fd\u2028e\u202ef\u001b')).toBe('abcdef');
  });

  test('is what a terminal would show in the end when a progress bar writes over itself', () => {
    expect(linesOf('10 %\r50 %\r100 %\n')).toEqual(['100 %']);
    expect(linesOf('done\r\r\n')).toEqual(['done']);
  });

  test.each(['\r', '\u001b[', '\u001b]', '\u001b[1;', '\u009b'])('costs no more when it is full of %j', (hostile) => {
    const line = `${hostile.repeat(8_000).slice(0, 8_190)}x\n`;
    linesOf(line);
    const begun = performance.now();
    expect(linesOf(line.repeat(20))).toHaveLength(20);
    expect(performance.now() - begun).toBeLessThan(200);
  });

  test('is broken where a line is too long, never inside of a character, and without waiting for its end', () => {
    const lines: string[] = [];
    const splitter = createLineSplitter((line) => lines.push(line));
    splitter.write(Buffer.from(`x${'🌱'.repeat(5_000)}`));
    expect(lines).toHaveLength(1);
    splitter.end();
    expect(lines.join('')).toBe(`x${'🌱'.repeat(5_000)}`);
    expect(lines.every((line) => line.isWellFormed())).toBe(true);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(8_192);
  });

  test('is still lines when it is not UTF-8', () => {
    expect(linesOf(Buffer.from([0xff, 0xfe, 0x0a, 0xc3]))).toEqual(['\ufffd\ufffd', '\ufffd']);
  });
});
