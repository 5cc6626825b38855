import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { useBench } from './build-bench.ts';

const bench = useBench();
const { run, build, logOf } = bench;

describe('the log', () => {
  test('is bounded, says that it was cut, and keeps what matters of the end', async () => {
    await bench.open({}, { logLimitBytes: 20_000 });
    const done = await build(
      'i=0; while [ $i -lt 3000 ]; do echo "line $i of many"; i=$((i+1)); done; echo "the reason"; exit 9\n',
    );
    const lines = await logOf(done.buildId);
    expect(Buffer.byteLength(lines.join('\n'))).toBeLessThan(21_000);
    expect(lines).toContain('=== the log is cut here: the output is more than 20000 bytes');
    expect(lines.join('\n')).toMatch(/=== \d+ lines were left out/);
    expect(done.errorMessage?.split('\n').slice(-2)).toEqual(['line 2999 of many', 'the reason']);
    expect(done.errorMessage?.length).toBeLessThanOrEqual(4_096);
    // The next attempt has room of its own.
    await run({ ...done });
    expect((await logOf(done.buildId)).filter((line) => line === 'line 1 of many')).toHaveLength(2);
  });

  test('has no control characters and no paths of this machine', async () => {
    await bench.open();
    const done = await build(
      'printf "\\033[31mred\\033[0m\\007 bell\\n10%%\\r100%%\\n"; echo "$PWD/function/index.js:3"; echo "$HOME/npm $TMPDIR/x"; pwd\n',
    );
    const lines = await logOf(done.buildId);
    expect(lines).toEqual(expect.arrayContaining(['red bell', '100%', './function/index.js:3', '~/npm $TMPDIR/x', '.']));
    expect(lines.join('\n')).not.toContain(bench.workshop.dataDir);
  });

  test('is whole characters from any byte on', async () => {
    await bench.open();
    const done = await build('echo "grün 🌱 ende"; echo "zwei"\n');
    const size = readFileSync(join(bench.workshop.dataDir, 'builds', `${done.buildId}.log`)).length;
    const whole = (await logOf(done.buildId)).join('\n');
    for (let offset = 0; offset <= size; offset++) {
      const part = (await logOf(done.buildId, offset)).join('\n');
      expect(whole.endsWith(part)).toBe(true);
      expect(part).not.toContain('\ufffd');
    }
    expect(await logOf(done.buildId, size + 1_000)).toEqual([]);
    expect((await logOf(done.buildId, -5)).join('\n')).toBe(whole);
    expect((await logOf(done.buildId, NaN)).join('\n')).toBe(whole);
  });
});
