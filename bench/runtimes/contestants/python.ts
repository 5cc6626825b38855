import { copyFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { spawnSync } from 'node:child_process';
import type { Contestant, Startable } from '../contestant.ts';
import { runCommand } from '../run-command.ts';
import { ours } from './ours.ts';

const programs = join(import.meta.dirname, '..', 'programs');

/** A version manager's `python3` is a shell script in front of the real one; its time is no server's. */
function interpreter(): string {
  const { stdout } = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' });
  return stdout.trim() === '' ? 'python3' : stdout.trim();
}

const bare: Contestant = {
  language: 'python',
  name: 'asyncio',
  role: 'floor',
  prepare: (): Promise<Startable> =>
    Promise.resolve({
      command: [interpreter(), '-I', '-S', 'python-bare.py'],
      folder: programs,
      environment: (port) => ({ PORT: String(port) }),
    }),
};

const functionsFramework: Contestant = {
  language: 'python',
  name: 'functions-framework',
  role: 'peer',
  prepare: async (folder) => {
    await copyFile(join(programs, 'python-functions-framework.py'), join(folder, 'main.py'));
    await writeFile(join(folder, 'requirements.txt'), 'functions-framework==3.10.2\n');
    const options = ['--disable-pip-version-check', '--quiet', '--upgrade', '--root-user-action=ignore'];
    await runCommand(folder, interpreter(), [
      '-m',
      'pip',
      'install',
      ...options,
      '-r',
      'requirements.txt',
      '--target',
      'packages',
    ]);
    return {
      command: [interpreter(), '-m', 'functions_framework', '--target=handle', '--signature-type=cloudevent', '--host=127.0.0.1'],
      folder,
      environment: (port) => ({ PORT: String(port), PYTHONPATH: join(folder, 'packages') }),
    };
  },
};

const knativeLambda: Contestant = {
  ...ours('python', 'python-function'),
  prepare: async (folder) => {
    const startable = await ours('python', 'python-function').prepare(folder);
    const path = [dirname(interpreter()), process.env['PATH'] ?? ''].join(delimiter);
    return { ...startable, environment: (port) => ({ ...startable.environment(port), PATH: path }) };
  },
};

export const python: readonly Contestant[] = [bare, knativeLambda, functionsFramework];
