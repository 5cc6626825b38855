import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contestant, Startable } from '../contestant.ts';
import { runCommand } from '../run-command.ts';
import { ours } from './ours.ts';

const programs = join(import.meta.dirname, '..', 'programs');

async function install(folder: string, dependencies: Readonly<Record<string, string>>, program: string): Promise<void> {
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', main: 'index.js', dependencies }),
  );
  await copyFile(join(programs, program), join(folder, 'index.js'));
  await runCommand(folder, 'npm', ['install', '--omit=dev', '--no-audit', '--no-fund', '--prefer-offline']);
}

const bare: Contestant = {
  language: 'nodejs',
  name: 'node:http',
  role: 'floor',
  prepare: (): Promise<Startable> =>
    Promise.resolve({
      command: ['node', 'index.js'],
      folder: join(programs, 'nodejs-bare'),
      environment: (port) => ({ PORT: String(port) }),
    }),
};

const functionsFramework: Contestant = {
  language: 'nodejs',
  name: '@google-cloud/functions-framework',
  role: 'peer',
  prepare: async (folder) => {
    await install(folder, { '@google-cloud/functions-framework': '5.0.5' }, 'nodejs-functions-framework.mjs');
    const command = [
      'node',
      'node_modules/@google-cloud/functions-framework/build/src/main.js',
      '--target=handle',
      '--signature-type=cloudevent',
    ] as const;
    return { command, folder, environment: (port) => ({ PORT: String(port) }) };
  },
};

const faas: Contestant = {
  language: 'nodejs',
  name: 'faas-js-runtime',
  role: 'peer',
  prepare: async (folder) => {
    await install(folder, { 'faas-js-runtime': '4.0.1' }, 'nodejs-faas.mjs');
    const command = ['node', 'node_modules/faas-js-runtime/bin/cli.js', './index.js'] as const;
    return { command, folder, environment: (port) => ({ FUNC_PORT: String(port), FUNC_LOG_LEVEL: 'error' }) };
  },
};

export const nodejs: readonly Contestant[] = [bare, ours('nodejs', 'nodejs-function'), functionsFramework, faas];
