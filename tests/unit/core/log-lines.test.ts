import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createLineCutter, type Line } from '../../../src/core/log-lines.ts';

const linesOf = (log: Buffer, start: number, chunkBytes: number): Line[] => {
  const cutter = createLineCutter(start);
  const lines: Line[] = [];
  for (let at = cutter.from; at < log.length; at += chunkBytes) lines.push(...cutter.cut(log.subarray(at, at + chunkBytes)));
  return [...lines, ...cutter.rest()];
};

/** Whole characters, halves of them, bytes of no character, and ends of lines. */
const printed = fc
  .array(fc.constantFrom(0x61, 0x0a, 0x0d, 0x80, 0xa4, 0xc3, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0xff), { maxLength: 40 })
  .map((bytes) => Buffer.from(bytes));

describe('the lines of a log', () => {
  it('go on where a reader stopped, whatever bytes a build prints and however they come in', () => {
    const chunkBytes = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(printed, chunkBytes, chunkBytes, (log, before, after) => {
        const lines = linesOf(log, 0, before);
        for (const [place, { offset, next }] of lines.entries()) {
          expect(linesOf(log, offset, after)).toEqual(lines.slice(place));
          expect(linesOf(log, next, after)).toEqual(lines.slice(place + 1));
        }
      }),
    );
  });

  it('are the log, with every byte in one of them', () => {
    fc.assert(
      fc.property(printed, fc.integer({ min: 1, max: 9 }), (log, chunkBytes) => {
        const lines = linesOf(log, 0, chunkBytes);
        expect(lines.map(({ offset }) => offset)).toEqual([0, ...lines.map(({ next }) => next)].slice(0, lines.length));
        expect(lines.map(({ text }) => text).join('\n')).toBe(log.toString('utf8').replace(/\n$/, ''));
      }),
    );
  });

  it('come in pieces when they are very long, none of which ends inside of a character', () => {
    const text = `${'€'.repeat(900_000)}\nnext`;
    const log = Buffer.from(text);
    const lines = linesOf(log, 0, 65_536);
    expect(lines.length).toBeGreaterThan(3);
    expect(
      lines
        .slice(0, -1)
        .map((line) => line.text)
        .join(''),
    ).toBe(text.slice(0, -5));
    const [first] = lines;
    expect(
      linesOf(log, first?.next ?? 0, 65_536)
        .map((line) => line.text)
        .join(''),
    ).toBe(
      lines
        .slice(1)
        .map((line) => line.text)
        .join(''),
    );
  });
});
