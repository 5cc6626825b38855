// One row per language. What all languages share is in cases/ and suites/; a row says only where a language cannot be the same.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { toolPath } from './harness/build.ts';
import type { Source } from './harness/context-folder.ts';
import { goEntries } from './entries/go.ts';
import { nodejsEntries } from './entries/nodejs.ts';
import { pythonEntries } from './entries/python.ts';

/** A source with what must come of it: the reply to an event, or a build or a start that fails with a clear message. */
export interface EntryCase {
  readonly title: string;
  readonly source: Source;
  readonly entry?: string | null;
  readonly handler?: string | null;
  readonly replies?: unknown;
  readonly buildSays?: RegExp;
  readonly startSays?: RegExp;
}

export interface Language {
  readonly name: string;
  /** asks for the tools that a build needs, as command lines that must succeed */
  readonly tools: readonly (readonly [string, ...string[]])[];
  /** whether a function that never gives way can be stopped, or the process ends and is started again */
  readonly block: 'is contained' | 'ends the process';
  /** the same for a failure after the reply, in the background */
  readonly laterFailure: 'is contained' | 'ends the process';
  /** a manifest that asks for a package that does not exist, and what the tool must have said */
  readonly missingDependency: { readonly files: Readonly<Record<string, string>>; readonly says: RegExp };
  readonly entries: readonly EntryCase[];
}

export const languages = {
  nodejs: {
    name: 'nodejs',
    tools: [
      ['node', '--version'],
      ['npm', '--version'],
    ],
    block: 'ends the process',
    laterFailure: 'is contained',
    missingDependency: {
      files: {
        'index.js': 'export const handle = () => 1;\n',
        'package.json': '{"type":"module","dependencies":{"lodash":"99999.0.0"}}',
      },
      says: /notarget|No matching version/i,
    },
    entries: nodejsEntries,
  },
  python: {
    name: 'python',
    tools: [
      ['python3', '-c', 'import sys; assert sys.version_info >= (3, 11)'],
      ['python3', '-m', 'pip', '--version'],
    ],
    block: 'is contained',
    laterFailure: 'is contained',
    missingDependency: {
      files: { 'main.py': 'def handle(data, context):\n    return 1\n', 'requirements.txt': 'inflection==99999.0.0\n' },
      says: /No matching distribution/i,
    },
    entries: pythonEntries,
  },
  go: {
    name: 'go',
    tools: [['go', 'version']],
    block: 'is contained',
    laterFailure: 'ends the process',
    missingDependency: {
      files: {
        'a.go': 'package a\n',
        'go.mod': 'module example.com/a\n\ngo 1.24\n\nrequire github.com/ettle/strcase v99.0.0+incompatible\n',
      },
      says: /strcase@v99/,
    },
    entries: goEntries,
  },
} satisfies Record<string, Language>;

export function behaviours(language: Language): Source {
  return { folder: join(import.meta.dirname, 'functions', language.name, 'behaviours') };
}

/** @returns the tool that this machine lacks, or nothing. */
export function missingTool(language: Language): string | undefined {
  for (const [command, ...parameters] of language.tools) {
    const { status } = spawnSync(command, parameters, {
      env: { PATH: toolPath(), HOME: process.env['HOME'] ?? '/tmp' },
      stdio: 'ignore',
    });
    if (status !== 0) return command;
  }
  return undefined;
}
