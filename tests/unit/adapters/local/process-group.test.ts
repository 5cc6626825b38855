import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { endLeftovers, startGroup, type ProcessGroup } from '../../../../src/adapters/local/process-group.ts';
import { waitUntil } from '../../../contract/wait-until.ts';

const env = { PATH: '/usr/bin:/bin' };
let root: string;
let folder: string;
const started: ProcessGroup[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'process-group-'));
  folder = join(root, 'notes');
});

/** Living processes (no zombies) of a group, or whose command line has the text. */
const living = (group: number | undefined, text = '\0'): string[] =>
  execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.split(/\s+/, 1)[0] === String(group) || line.includes(text))
    .filter((line) => !/^\d+\s+Z/.test(line));

afterEach(async () => {
  for (const group of started.splice(0)) await group.stop(0);
  await waitUntil(() => notes().length === 0, 'the notes to go');
  const left = living(undefined, root);
  rmSync(root, { recursive: true, force: true });
  expect(left).toEqual([]);
});

const notes = (): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

const start = (script: string, ...parameters: string[]): ProcessGroup => {
  const group = startGroup(folder, ['sh', '-c', script, ...parameters], { cwd: root, env });
  started.push(group);
  return group;
};

describe('a process group', () => {
  test('runs a command with the given folder and environment, nothing to read, and nothing else', async () => {
    process.env.PLATFORM_SECRET = 'hunter2';
    const group = startGroup(folder, ['sh', '-c', 'pwd; env; cat; echo "$0 $1"; exit 7', 'a b', "c'd"], {
      cwd: root,
      env: { ...env, GIVEN: 'x' },
    });
    delete process.env.PLATFORM_SECRET;
    const [output, ended] = await Promise.all([text(group.stdout), group.ended]);
    const lines = output.trim().split('\n');
    expect(lines[0]).toBe(root);
    expect(lines.at(-1)).toBe("a b c'd");
    expect(lines).toContain('GIVEN=x');
    expect(output).not.toContain('hunter2');
    expect(ended).toEqual({ code: 7, signal: null });
  });

  test('is the leader of its own group and is noted while it runs', async () => {
    const group = start('sleep 5');
    expect(notes()).toEqual([expect.stringMatching(new RegExp(`^${String(group.pid)}\\.\\d+$`))]);
    await waitUntil(() => living(group.pid).length > 0, 'the command');
    await group.stop(0);
    expect(await group.ended).toMatchObject({ signal: 'SIGKILL' });
    await waitUntil(() => notes().length === 0, 'the note to go');
  });

  test('ends with 127 when the command is not there, and with an error when the folder is not', async () => {
    const missing = startGroup(folder, ['no-such-command'], { cwd: root, env });
    expect(await text(missing.stderr)).toContain('no-such-command');
    expect(await missing.ended).toMatchObject({ code: 127 });
    const nowhere = startGroup(folder, ['true'], { cwd: join(root, 'nowhere'), env });
    expect((await nowhere.ended).error).toMatchObject({ code: 'ENOENT' });
    await nowhere.stop(0);
  });

  test('stops children and grandchildren, politely first: what ends on SIGTERM is not killed', async () => {
    const group = start(`trap 'echo bye; exit 0' TERM; sh -c 'sleep 60; :' & echo up; wait`);
    const output = text(group.stdout);
    await waitUntil(() => living(group.pid).length >= 3, 'the grandchild');
    const before = Date.now();
    await group.stop(10_000);
    expect(Date.now() - before).toBeLessThan(5_000);
    expect(living(group.pid)).toEqual([]);
    expect(await group.ended).toEqual({ code: 0, signal: null });
    expect(await output).toBe('up\nbye\n');
  });

  test('kills what ignores SIGTERM after the grace period, and stopping twice is stopping once', async () => {
    const group = start(`trap '' TERM; echo deaf; while :; do sleep 0.05; done`);
    await once(group.stdout, 'data');
    const before = Date.now();
    await Promise.all([group.stop(200), group.stop(200)]);
    expect(Date.now() - before).toBeGreaterThanOrEqual(190);
    expect(living(group.pid)).toEqual([]);
    expect(await group.ended).toMatchObject({ signal: 'SIGKILL' });
    await group.stop(0);
  });

  test('ends what its leader left running in the background, and does not wait for it', async () => {
    const group = start(`sleep 60 & echo done`);
    const output = text(group.stdout);
    const before = Date.now();
    expect(await group.ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - before).toBeLessThan(1_500);
    expect(await output).toBe('done\n');
    await waitUntil(() => living(group.pid).length === 0, 'the background process to be gone');
  });

  test('is over soon although a process that left the group still holds its output', async () => {
    const group = start(`setsid sh -c 'echo $$ > escaped; sleep 60' & while [ ! -s escaped ]; do sleep 0.01; done; echo done`);
    group.stdout.resume();
    const before = Date.now();
    expect(await group.ended).toEqual({ code: 0, signal: null });
    expect(Date.now() - before).toBeLessThan(10_000);
    process.kill(-Number(readFileSync(join(root, 'escaped'), 'utf8')), 'SIGKILL');
  });

  test('gives all output, however much is still in the pipe when the leader ends', async () => {
    const group = start(`head -c 200000 /dev/zero | tr '\\0' x; exit 4`);
    await sleep(50);
    const [output, ended] = await Promise.all([text(group.stdout), group.ended]);
    expect(output).toHaveLength(200_000);
    expect(ended.code).toBe(4);
  });
});

describe('leftovers of a platform that was killed', () => {
  const platform = (script: string) => {
    const module = fileURLToPath(new URL('../../../../src/adapters/local/process-group.ts', import.meta.url));
    const code = `import { startGroup } from ${JSON.stringify(module)};
      startGroup(${JSON.stringify(folder)}, ['sh', '-c', ${JSON.stringify(script)}, ${JSON.stringify(root)}], { cwd: ${JSON.stringify(root)}, env: ${JSON.stringify(env)} });
      console.log('up'); setInterval(() => {}, 1000);`;
    return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  };

  test('are ended with their children, and their notes go', async () => {
    const dead = platform(`sh -c 'sleep 60; :' "$0" & wait`);
    await once(dead.stdout, 'data');
    const [note = ''] = notes();
    const group = Number(note.split('.')[0]);
    await waitUntil(() => living(group).length >= 2, 'the children');
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    expect(living(group).length).toBeGreaterThanOrEqual(2);
    expect(await endLeftovers(folder)).toBe(1);
    expect(living(group)).toEqual([]);
    expect(notes()).toEqual([]);
    expect(await endLeftovers(folder)).toBe(0);
  });

  test('whose leader is gone are ended all the same', async () => {
    const dead = platform(`sh -c 'trap "" TERM; sleep 60; :' "$0" & sleep 60`);
    await once(dead.stdout, 'data');
    const group = Number((notes()[0] ?? '').split('.')[0]);
    await waitUntil(() => living(group).length >= 3, 'the children');
    dead.kill('SIGKILL');
    await once(dead, 'exit');
    process.kill(group, 'SIGKILL');
    await waitUntil(
      () =>
        !execFileSync('ps', ['-eo', 'pid=,stat='], { encoding: 'utf8' })
          .split('\n')
          .some((line) => new RegExp(`^\\s*${group}\\s`).test(line)),
      'the leader to be reaped',
    );
    expect(await endLeftovers(folder)).toBe(1);
    expect(living(group)).toEqual([]);
  });

  test('do not include a process that only has the number of one', async () => {
    const stranger = spawn('sleep', ['30'], { detached: true, stdio: 'ignore' });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${String(stranger.pid)}.1`), '');
    expect(await endLeftovers(folder)).toBe(0);
    expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
    expect(notes()).toEqual([]);
    stranger.kill('SIGKILL');
    await once(stranger, 'exit');
  });

  test('are none when the group could not be noted: then the command never runs', async () => {
    // Short enough for a folder, too long for a note in it.
    let deep = join(root, 'd');
    while (deep.length < 4_000) deep = join(deep, 'd'.repeat(80));
    deep = join(deep, 'd'.repeat(4_090 - deep.length - 1));
    mkdirSync(deep, { recursive: true });
    expect(() => startGroup(deep, ['touch', join(root, 'ran')], { cwd: root, env })).toThrow('ENAMETOOLONG');
    await sleep(300);
    expect(readdirSync(root)).toEqual(['d']);
    expect(living(undefined, root)).toEqual([]);
  });
});
