// What only one language has (a race between goroutines, who keeps a thread) is tested in that language, beside its wrapper.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildEnvironment } from './harness/build.ts';
import { templatesFolder } from './harness/context-folder.ts';
import { languages, missingTool, type Language } from './languages.ts';

const suites: readonly (readonly [language: Language, folder: string, command: readonly [string, ...string[]]])[] = [
  [languages.go, 'go/wrapper', ['go', 'test', './...']],
  [
    languages.python,
    'python',
    ['python3', '-B', '-m', 'unittest', 'discover', '--top-level-directory', '.', '--start-directory', 'tests'],
  ],
];

describe("a wrapper's own tests", () => {
  test.each(suites)(
    '$name',
    (language, folder, [command, ...parameters]) => {
      if (missingTool(language) !== undefined && process.env['REQUIRE_SERVICES'] !== '1') return;
      const cwd = join(templatesFolder, folder);
      const { status, stdout, stderr } = spawnSync(command, parameters, { cwd, env: buildEnvironment(), encoding: 'utf8' });
      expect({ status, said: status === 0 ? '' : `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
    },
    180_000,
  );
});
