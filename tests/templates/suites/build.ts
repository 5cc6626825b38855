import { createHash } from 'node:crypto';
import { cp, lstat, mkdir, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asked } from '../cases/case.ts';
import { compile, install } from '../harness/build.ts';
import { contextFolder } from '../harness/context-folder.ts';
import { startFunction } from '../harness/function-process.ts';
import { removeFolder } from '../harness/leaks.ts';
import { send } from '../harness/raw-http.ts';
import { behaviours } from '../languages.ts';
import type { Subject } from '../describe-template.ts';

/** What a folder holds, as one digest: any file that is written, changed or removed changes it. */
async function digest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  for (const path of paths) {
    const found = await lstat(path);
    hash.update(path.slice(folder.length)).update('\0');
    if (found.isSymbolicLink()) hash.update(await readlink(path));
    else if (found.isFile()) hash.update(await readFile(path));
  }
  return hash.digest('hex');
}

export function describeBuild({ language }: Subject): void {
  describe('is built in two steps', () => {
    const source = behaviours(language);
    let root = '';
    beforeAll(async () => {
      root = await contextFolder(language.name, source);
      expect(await install(root)).toMatchObject({ exitCode: 0 });
    }, 120_000);
    afterAll(() => removeFolder(root));

    test('installs from the manifests alone, and touches nothing else', async () => {
      const other = await contextFolder(language.name, source);
      for (const folder of ['function', 'wrapper']) await rm(join(other, folder), { recursive: true });
      const before = await digest(join(other, 'manifest'));
      expect(await install(other)).toMatchObject({ exitCode: 0 });
      expect(await digest(join(other, 'manifest'))).toBe(before);
      await removeFolder(other);
    }, 120_000);

    test('starts from a link to a shared layer of dependencies, and does not write into it', async () => {
      const shared = await contextFolder(language.name, { files: {} });
      await cp(join(root, 'dependencies'), join(shared, 'dependencies'), { recursive: true, verbatimSymlinks: true });
      const other = await contextFolder(language.name, source);
      await symlink(join(shared, 'dependencies'), join(other, 'dependencies'));
      const before = await digest(join(shared, 'dependencies'));
      expect(await compile(other)).toMatchObject({ exitCode: 0 });
      const running = await startFunction(language.name, other);
      expect((await send(running.port, asked({ do: 'use the dependency' }))).json()).toBe('the-dependency-was-used');
      await running.stop();
      expect(await digest(join(shared, 'dependencies'))).toBe(before);
      await removeFolder(other);
      await removeFolder(shared);
    }, 120_000);

    test('starts from another folder than the one it was compiled in', async () => {
      const other = await contextFolder(language.name, source);
      await rm(join(other, 'dependencies'), { recursive: true, force: true });
      await cp(join(root, 'dependencies'), join(other, 'dependencies'), { recursive: true, verbatimSymlinks: true });
      expect(await compile(other)).toMatchObject({ exitCode: 0 });
      const moved = `${root}-moved`;
      await rename(other, moved);
      const running = await startFunction(language.name, moved);
      expect((await send(running.port, asked({ do: 'use the dependency' }))).status).toBe(200);
      await running.stop();
      await removeFolder(moved);
      await mkdir(other, { recursive: true });
      await removeFolder(other);
    }, 120_000);

    test('fails with what the tool said when a dependency does not exist', async () => {
      const broken = await contextFolder(language.name, { files: language.missingDependency.files });
      const result = await install(broken);
      expect(result.exitCode).not.toBe(0);
      expect(result.output).toMatch(language.missingDependency.says);
      await removeFolder(broken);
    }, 120_000);
  });
}
