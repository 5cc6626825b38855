import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contestant, Startable } from '../contestant.ts';
import { runCommand } from '../run-command.ts';
import { ours } from './ours.ts';

const programs = join(import.meta.dirname, '..', 'programs');
const flags = { CGO_ENABLED: '0', GOFLAGS: '-mod=mod -trimpath -buildvcs=false', GOWORK: 'off' };

async function build(folder: string, program: string, requires: readonly string[]): Promise<Startable> {
  await cp(join(programs, program), folder, { recursive: true });
  const required = requires.map((line) => `require ${line}\n`).join('');
  await writeFile(join(folder, 'go.mod'), `module bench.local/${program}\n\ngo 1.26\n\n${required}`);
  await runCommand(folder, 'go', ['build', '-ldflags', '-s -w', '-o', 'server', '.'], flags);
  return { command: ['./server'], folder, environment: (port) => ({ PORT: String(port) }) };
}

const bare: Contestant = {
  language: 'go',
  name: 'net/http',
  role: 'floor',
  prepare: (folder) => build(folder, 'go-bare', []),
};

const functionsFramework: Contestant = {
  language: 'go',
  name: 'functions-framework-go',
  role: 'peer',
  prepare: (folder) => build(folder, 'go-functions-framework', ['github.com/GoogleCloudPlatform/functions-framework-go v1.9.2']),
};

export const go: readonly Contestant[] = [bare, ours('go', 'go-function'), functionsFramework];
