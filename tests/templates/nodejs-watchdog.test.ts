// What only Node needs: one thread answers everything, so a function that keeps it must be cut off from outside.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked } from './cases/case.ts';
import { buildFunction } from './harness/build.ts';
import { startFunction, type FunctionProcess } from './harness/function-process.ts';
import { removeFolder, whatIsLeft } from './harness/leaks.ts';
import { send } from './harness/raw-http.ts';

const source = `
import { execFileSync } from 'node:child_process';
const forever = () => { for (;;); };
const natively = () => execFileSync('sleep', ['20']);
const tasks = {
  nothing: () => 1,
  block: forever,
  'block after an await': async () => { await undefined; forever(); },
  'block in a timer': () => new Promise(() => setTimeout(forever, 10)),
  'block on a lock': () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  'block in a regular expression': () => /^(a+)+$/.test('a'.repeat(60) + 'b'),
  'block natively': natively,
  'block natively after an await': async () => { await undefined; natively(); },
  sleep: ({ ms }) => new Promise((resolve) => setTimeout(resolve, ms, 'slept')),
};
export const handle = (task) => tasks[task.do](task);
`;

const asFirstProcess = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const canIsolate = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

async function answerTo(running: FunctionProcess, task: Record<string, unknown>): Promise<number | 'no answer'> {
  return send(running.port, asked(task)).then(
    ({ status }) => status,
    () => 'no answer' as const,
  );
}

describe('the watchdog of a nodejs function', () => {
  let root = '';
  beforeAll(async () => {
    root = await buildFunction('nodejs', { files: { 'index.mjs': source } });
  }, 60_000);
  afterAll(async () => {
    await removeFolder(root);
    expect(await whatIsLeft()).toEqual([]);
  });
  const start = (timeoutSeconds: string, before: readonly string[] = []): Promise<FunctionProcess> =>
    startFunction('nodejs', root, { environment: { TIMEOUT_SECONDS: timeoutSeconds }, before });

  test.each([
    ['block', 0],
    ['block', 1],
    ['block after an await', 0],
    ['block after an await', 1],
    ['block in a timer', 0],
    ['block in a timer', 1],
    ['block on a lock', 0],
    ['block on a lock', 1],
    ['block in a regular expression', 0],
  ])('cuts off "%s" after %i other events, answers 504, and ends the process', async (task, others) => {
    const running = await start('0.4');
    for (let row = 0; row < others; row += 1) {
      expect(await answerTo(running, { do: 'nothing' })).toBe(200);
      await sleep(200); // past the first moments, in which node:vm stands in for the second thread
    }
    expect(await answerTo(running, { do: task })).toBe(504);
    expect(await running.ended).toEqual({ code: 1, signal: null });
    expect(running.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'function blocks the process' });
    expect(running.raw).toHaveLength(running.lines.length);
  });

  test('answers what was in hand beside the function that it cuts off', async () => {
    const running = await start('2');
    expect(await answerTo(running, { do: 'nothing' })).toBe(200);
    await sleep(200);
    const beside = answerTo(running, { do: 'sleep', ms: 600 });
    await sleep(100);
    expect(await answerTo(running, { do: 'block' })).toBe(504);
    expect(await beside).toBe(200);
    expect((await running.ended).code).toBe(1);
  });

  test('leaves a function alone that is busy for less than its time', async () => {
    const running = await start('5');
    expect(await answerTo(running, { do: 'nothing' })).toBe(200);
    expect(await answerTo(running, { do: 'sleep', ms: 1_500 })).toBe(200);
    running.signal('SIGSTOP'); // a laptop that sleeps
    await sleep(1_500);
    running.signal('SIGCONT');
    expect(await answerTo(running, { do: 'nothing' })).toBe(200);
    await running.stop();
  });

  test.each(['block natively', 'block natively after an await'])(
    'ends the process at "%s", which nothing can cut off',
    async (task) => {
      const running = await start('0.4');
      expect(await answerTo(running, { do: 'nothing' })).toBe(200);
      await sleep(200);
      expect(await answerTo(running, { do: task })).toBe('no answer');
      expect(await running.ended).toEqual({ code: null, signal: 'SIGKILL' });
      expect(running.lines.at(-1)).toMatchObject({
        level: 'fatal',
        msg: 'function blocks the process',
        third_party_id: 'acme-corp',
      });
      await running.stop(); // the command it was busy with outlives it, and is the platform's to end
    },
  );

  (canIsolate ? test : test.skip)('ends even process 1, which the kernel keeps from its own signals', async () => {
    const running = await start('0.4', asFirstProcess);
    expect(await answerTo(running, { do: 'nothing' })).toBe(200);
    await sleep(200);
    expect(await answerTo(running, { do: 'block natively' })).toBe('no answer');
    expect(await running.ended).not.toEqual({ code: 0, signal: null });
    expect(running.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'function blocks the process' });
    await running.stop();
  });
});
