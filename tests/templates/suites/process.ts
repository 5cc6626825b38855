import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { asked, binary } from '../cases/case.ts';
import { launch, startFunction } from '../harness/function-process.ts';
import { portAnswers } from '../harness/leaks.ts';
import { send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';

/** A process namespace of its own, as a container has: the function is process 1, and the kernel ignores what it does not handle. */
const asFirstProcess = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const canIsolate = spawnSync('unshare', ['--pid', '--fork', '--mount-proc', 'true']).status === 0;

const wrong: readonly (readonly [variable: string, value: string])[] = [
  ['PORT', '70000'],
  ['PORT', 'http'],
  ['TIMEOUT_SECONDS', '0'],
  ['TIMEOUT_SECONDS', 'soon'],
  ['BODY_LIMIT_BYTES', '-1'],
  ['DRAIN_SECONDS', 'NaN'],
  ['LOG_LEVEL', 'loud'],
  ['FUNCTION_TENANT', '../etc'],
  ['FUNCTION_NAME', ''],
  ...[
    'ftp://scheduler',
    'scheduler',
    'http://',
    'http:scheduler',
    'http://:8080',
    'http://scheduler:port',
    'http://scheduler:70000',
    'http://scheduler/a b',
    'http://user:%zz@scheduler',
    'http://[::1',
  ].map((url) => ['SCHEDULER_URL', url] as const),
];

async function childOf(pid: number): Promise<number> {
  for (let waited = 0; waited < 5_000; waited += 20) {
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'))
      .trim()
      .split(' ')
      .filter((text) => text !== '');
    if (children[0] !== undefined) return Number(children[0]);
    await sleep(20);
  }
  throw new Error('there is no child');
}

export function describeProcess(subject: Subject): void {
  const { language, root } = subject;
  describe('is a process that can be run anywhere', () => {
    test.each(wrong)('does not start with %s=%s, and says so', async (variable, value) => {
      const started = await launch(language.name, root(), { environment: { [variable]: value } });
      expect((await started.ended).code).toBe(1);
      const last = started.lines.at(-1);
      expect(last).toMatchObject({ level: 'fatal', msg: 'configuration is invalid' });
      expect(last?.['problems']).toEqual([expect.stringContaining(variable)]);
    });

    test('names every wrong variable at once', async () => {
      const started = await launch(language.name, root(), { environment: { PORT: 'x', LOG_LEVEL: 'y', FUNCTION_NAME: '' } });
      await started.ended;
      expect(started.lines.at(-1)?.['problems']).toHaveLength(3);
    });

    test('ends with a clear line when the port is taken', async () => {
      const first = await startFunction(language.name, root());
      const second = await launch(language.name, root(), { environment: { PORT: String(first.port) } });
      expect((await second.ended).code).toBe(1);
      expect(second.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'cannot listen' });
      await first.stop();
    });

    test('gives the function the environment it was given', async () => {
      const running = await startFunction(language.name, root(), { environment: { PRICE_URL: 'https://price.test' } });
      expect((await send(running.port, asked({ do: 'environment', name: 'PRICE_URL' }))).json()).toBe('https://price.test');
      await running.stop();
    });

    test('keeps the signing key of the scheduler from the function', async () => {
      const running = await startFunction(language.name, root(), { environment: { SCHEDULER_SIGNING_KEY: 'secret' } });
      expect((await send(running.port, asked({ do: 'environment', name: 'SCHEDULER_SIGNING_KEY' }))).status).toBe(204);
      await running.stop();
    });

    (canIsolate ? test : test.skip)('stops at SIGTERM as process 1 of a container', async () => {
      const running = await startFunction(language.name, root(), { before: asFirstProcess });
      expect((await send(running.port, binary({}))).status).toBe(200);
      process.kill(await childOf(running.pid), 'SIGTERM');
      expect((await running.ended).code).toBe(0);
      expect(await portAnswers(running.port)).toBe(false);
    });

    (canIsolate ? test : test.skip)('starts and answers on a read-only file system as an unprivileged user', async () => {
      // It may read what any user of this machine could be let read (a Python below /root, for instance), and write nothing.
      const user =
        'setpriv --reuid 65532 --regid 65532 --clear-groups --inh-caps +dac_read_search --ambient-caps +dac_read_search';
      const setup = `mount --bind "$PWD" "$PWD" && mount -o remount,ro,bind "$PWD" && cd "$PWD" && exec ${user} "$@"`;
      const before = ['unshare', '--mount', 'sh', '-c', setup, 'sh'];
      spawnSync('chmod', ['-R', 'a+rX', root()]);
      const running = await startFunction(language.name, root(), { before });
      expect((await send(running.port, asked({ do: 'use the dependency' }))).status).toBe(200);
      expect((await send(running.port, asked({ do: 'write a file', path: 'function/new' }))).status).toBe(500);
      await running.stop();
    });
  });
}
