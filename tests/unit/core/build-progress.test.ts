import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { endOfContainer, readableLines } from '../../../src/core/build-progress.ts';

const digest = `sha256:${'0'.repeat(64)}`;

describe('the end of the builder', () => {
  it('is a digest when it exits 0 and says one', () => {
    expect(endOfContainer({ exitCode: 0, message: `${digest}\n` })).toEqual({ exitCode: 0, imageDigest: digest });
  });

  it.each(['', 'sha256:1', `${digest} ${digest}`, `x${digest}`, digest.toUpperCase()])(
    'is complete without a digest when it says %j, so that nothing but a digest is ever deployed',
    (message) => {
      expect(endOfContainer({ exitCode: 0, message })).toEqual({ exitCode: 0 });
    },
  );

  it('is never a digest when it failed, whatever the build printed', () => {
    expect(endOfContainer({ exitCode: 1, message: digest })).toEqual({ exitCode: 1, errorMessage: digest });
  });

  it('has the reason of Kubernetes before its own words, where that says more than that it failed', () => {
    expect(endOfContainer({ exitCode: 137, reason: 'OOMKilled', message: 'killed' }).errorMessage).toBe('OOMKilled: killed');
    expect(endOfContainer({ exitCode: 1, reason: 'Error', message: 'no' }).errorMessage).toBe('no');
    expect(endOfContainer({ exitCode: 7, reason: 'Error' }).errorMessage).toBe('The builder exited with 7');
  });

  it('keeps the last words of many', () => {
    const { errorMessage = '' } = endOfContainer({ exitCode: 1, message: `${'x'.repeat(10_000)}the reason` });
    expect(errorMessage).toMatch(/the reason$/);
    expect(errorMessage.length).toBeLessThanOrEqual(2048);
  });
});

describe('readable lines', () => {
  it('keep their text and lose what a terminal would obey', () => {
    expect(readableLines('\u001b[1;31mred\u001b[0m\r\nnext\u0007\tx\u001b]0;title\u0007!')).toBe('red\nnext\tx!');
  });

  it('hold no control character but the end of a line and the tab, and no half of a character, whatever they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (one, other) => {
        const lines = readableLines(`${one}\u001b${other}\ud800`);
        // eslint-disable-next-line no-control-regex
        expect(lines).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
        expect(lines.isWellFormed()).toBe(true);
      }),
    );
  });
});
