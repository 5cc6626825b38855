// A build's log cut into lines, each with its place in bytes, so that a reader can go on where it stopped.

/** `offset` is that of the line's first byte in the log, `next` that of the first byte behind it: a text does not tell how long it was. */
export type Line = { offset: number; text: string; next: number };

const newline = 0x0a;

/** Bytes that can't begin a character. */
const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** A longer line comes in pieces: a build that never ends its line must not fill the memory of who reads. */
const maxLineBytes = 2 ** 20;

/** A piece ends before its last character, of which more may come. */
const pieceOf = (bytes: Buffer): number => {
  let length = bytes.length - 1;
  while (length > 0 && isContinuation(bytes[length])) length--;
  return length === 0 ? bytes.length : length;
};

export type LineCutter = {
  /** Where in the log the bytes have to begin: one before the start, which tells whether that is inside of a line. */
  readonly from: number;
  cut(chunk: Buffer): Line[];
  /** What has no end yet. */
  rest(): Line[];
};

/** Whole lines as bytes, so that no character is decoded from two halves. A start inside of a character is at the next one. */
export const createLineCutter = (start: number): LineCutter => {
  let offset = Math.max(0, start - 1);
  let rest: Buffer = Buffer.alloc(0);
  let isBefore = start > 0;
  let isInside = false;
  const skip = (length: number): void => {
    rest = rest.subarray(length);
    offset += length;
  };
  const begin = (): void => {
    if (isBefore && rest.length > 0) {
      isInside = rest[0] !== newline;
      isBefore = false;
      skip(1);
    }
    while (isInside && isContinuation(rest[0])) skip(1);
    isInside &&= rest.length === 0;
  };
  const take = (length: number, ending: number): Line => {
    const line = { offset, text: rest.toString('utf8', 0, length), next: offset + length + ending };
    skip(length + ending);
    return line;
  };
  return {
    from: offset,
    cut: (chunk) => {
      rest = Buffer.concat([rest, chunk]);
      begin();
      const lines: Line[] = [];
      for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) lines.push(take(end, 1));
      if (rest.length > maxLineBytes) lines.push(take(pieceOf(rest), 0));
      return lines;
    },
    rest: () => (rest.length === 0 ? [] : [take(rest.length, 0)]),
  };
};
