import { describe, expect, it } from '@jest/globals';
import { remembered } from '../../../src/core/remembered.ts';

describe('a remembered answer', () => {
  it('is asked for once, until so many others were that all are forgotten', () => {
    const asked: string[] = [];
    const ask = remembered(2, (one = '', other = '') => {
      asked.push(`${one}+${other}`);
      return asked.length;
    });
    expect([ask('a', 'b'), ask('a', 'b'), ask('ab', ''), ask('a', 'b')]).toEqual([1, 1, 2, 1]);
    ask('c');
    expect(ask('a', 'b')).toBe(4);
    expect(asked).toEqual(['a+b', 'ab+', 'c+', 'a+b']);
  });
});
