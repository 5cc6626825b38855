// A build's log cut into lines, each with the offset of its first byte, so that a reader can go on where it stopped.

/** `offset` is that of the line's first byte in the log. */
export type Line = { offset: number; text: string };

/** Bytes that can't begin a character: an offset inside of one starts at the next. */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** A longer line comes in pieces: a build that never ends its line must not fill the memory of who reads. */
const maxLineBytes = 2 ** 20;

/** Whole lines as bytes, so that no character is decoded from two halves. */
export const createLineCutter = (start: number): { cut(chunk: Buffer): Line[]; rest(): Line[] } => {
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  let begun = false;
  return {
    cut: (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      while (!begun && isContinuation(rest[0])) {
        rest = rest.subarray(1);
        offset++;
      }
      begun ||= rest.length > 0;
      const lines: Line[] = [];
      for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
        lines.push({ offset, text: rest.toString('utf8', 0, end) });
        rest = rest.subarray(end + 1);
        offset += end + 1;
      }
      if (rest.length > maxLineBytes) {
        lines.push({ offset, text: rest.toString('utf8') });
        offset += rest.length;
        rest = Buffer.alloc(0);
      }
      return lines;
    },
    rest: () => (rest.length === 0 ? [] : [{ offset, text: rest.toString('utf8') }]),
  };
};
