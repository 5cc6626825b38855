import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { childOf, formatTraceparent, newTrace, parseTraceparent } from '../../../src/core/trace-context.ts';
import { hex } from './arbitraries.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';
const notZero = (id: string): boolean => /[^0]/.test(id);

describe('a traceparent (W3C Trace Context)', () => {
  it('is read as its trace, span and flags', () => {
    expect(parseTraceparent(`00-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, flags: '01' });
  });

  it('is the same after it was read and written again', () => {
    fc.assert(
      fc.property(hex(32).filter(notZero), hex(16).filter(notZero), hex(2), (trace, span, flags) => {
        const text = `00-${trace}-${span}-${flags}`;
        const context = parseTraceparent(text);
        expect(context === undefined ? undefined : formatTraceparent(context)).toBe(text);
      }),
    );
  });

  it.each([
    ['nothing', undefined],
    ['the empty text', ''],
    ['words', 'not a traceparent'],
    ['the forbidden version', `ff-${traceId}-${spanId}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
    ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
    ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
    ['a long span id', `00-${traceId}-${spanId}0-01`],
    ['no flags', `00-${traceId}-${spanId}`],
    ['more fields than version 00 has', `00-${traceId}-${spanId}-01-more`],
    ['a space before it', ` 00-${traceId}-${spanId}-01`],
    ['a line feed after it', `00-${traceId}-${spanId}-01\n`],
  ])('is taken for none when it is %s, so a new trace begins', (_, value) => {
    expect(parseTraceparent(value)).toBeUndefined();
  });

  it('of a later version is read as far as it is known, whatever follows', () => {
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01-what-the-future-brings`)).toEqual({ traceId, spanId, flags: '01' });
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01`)).toEqual({ traceId, spanId, flags: '01' });
    expect(parseTraceparent(`cc-${traceId}-${spanId}-01x`)).toBeUndefined();
  });
});

describe('a span', () => {
  it('is of its parent’s trace, with its flags and an id of its own', () => {
    const child = childOf({ traceId, spanId, flags: '00' });
    expect(child).toMatchObject({ traceId, flags: '00' });
    expect(child.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(child.spanId).not.toBe(spanId);
  });

  it('without a parent begins a trace of its own, which is recorded', () => {
    const [one, other] = [childOf(undefined), newTrace()];
    expect(parseTraceparent(formatTraceparent(one))).toEqual(one);
    expect(one.flags).toBe('01');
    expect(one.traceId).not.toBe(other.traceId);
  });
});
