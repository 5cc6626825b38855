// What a tool printed, as lines for a log: whole characters, no terminal control, no line without an end.
import { StringDecoder } from 'node:string_decoder';
import { withoutTerminalCodes } from '../../core/plain-text.ts';

/** Longer lines are broken. */
const maxLine = 8_192;

/** By hand: the expression tries again at each of a thousand returns in a row, and a build's output would hold up the platform. */
const withoutReturns = (raw: string): string => {
  let end = raw.length;
  while (raw[end - 1] === '\r') end--;
  return raw.slice(0, end);
};

/** The line as a terminal would show it in the end; what could still steer a terminal, or break a line in two, is dropped. */
export const cleanLine = (raw: string): string => {
  const shown = withoutTerminalCodes(withoutReturns(raw));
  const overwritten = shown.slice(shown.lastIndexOf('\r') + 1);
  return overwritten.replace(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, ''); // eslint-disable-line no-control-regex
};

const breakPoint = (text: string): number => {
  const last = text.charCodeAt(maxLine - 1);
  return last >= 0xd800 && last <= 0xdbff ? maxLine - 1 : maxLine;
};

export type LineSplitter = { write(chunk: Buffer): void; end(): void };

/** @param line called for each line, without its end */
export const createLineSplitter = (line: (text: string) => void): LineSplitter => {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const give = (text: string): void => {
    let left = text;
    while (left.length > maxLine) {
      const at = breakPoint(left);
      line(cleanLine(left.slice(0, at)));
      left = left.slice(at);
    }
    line(cleanLine(left));
  };
  return {
    write: (chunk) => {
      const pieces = (rest + decoder.write(chunk)).split('\n');
      rest = pieces.pop() ?? '';
      for (const piece of pieces) give(piece);
      while (rest.length > maxLine) {
        const at = breakPoint(rest);
        line(cleanLine(rest.slice(0, at)));
        rest = rest.slice(at);
      }
    },
    end: () => {
      const last = rest + decoder.end();
      rest = '';
      if (last !== '') give(last);
    },
  };
};
