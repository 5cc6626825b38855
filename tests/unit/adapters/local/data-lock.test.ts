import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { lockDataDirectory } from '../../../../src/adapters/local/data-lock.ts';

const program = fileURLToPath(new URL('lock-data-directory.ts', import.meta.url));

type Starter = { lock(): Promise<string>; kill(): Promise<void> };

describe('the lock of a data directory', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  const starter = async (): Promise<Starter> => {
    const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await lines.next();
    return {
      lock: async () => {
        child.stdin.write('now\n');
        return String((await lines.next()).value);
      },
      kill: async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'data-lock-'));
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await rm(folder, { recursive: true });
  });

  it('has one owner, however many start at the same moment, also when one that was killed has left it behind', async () => {
    for (let round = 0; round < 3; round++) {
      const starters = await Promise.all(Array.from({ length: 6 }, starter));
      const answers = await Promise.all(starters.map((one) => one.lock()));
      expect(answers.filter((answer) => answer === 'locked')).toHaveLength(1);
      expect(answers.filter((answer) => /is in use by process \d+; choose another with DATA_DIR/.test(answer))).toHaveLength(5);
      // All at once, so that the next ones find what the owner left.
      await Promise.all(starters.map((one) => one.kill()));
      expect(await readdir(join(folder, 'platform-processes'))).toHaveLength(1);
    }
  });

  it('stays with its owner when others come later, and is free after it', async () => {
    const owner = await starter();
    expect(await owner.lock()).toBe('locked');
    await expect(lockDataDirectory(folder)).rejects.toThrow('is in use by process');
    const late = await starter();
    expect(await late.lock()).toContain('is in use by process');
    await owner.kill();
    const release = await lockDataDirectory(folder);
    await expect(lockDataDirectory(folder)).rejects.toThrow(`is in use by process ${process.pid}`);
    await release();
    await (
      await lockDataDirectory(folder)
    )();
    expect(await readdir(join(folder, 'platform-processes'))).toEqual([]);
  });
});
