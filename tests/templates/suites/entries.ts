import { describe, expect, test } from '@jest/globals';
import { asked } from '../cases/case.ts';
import { compile, install } from '../harness/build.ts';
import { contextFolder } from '../harness/context-folder.ts';
import { launch, startFunction } from '../harness/function-process.ts';
import { removeFolder } from '../harness/leaks.ts';
import { send } from '../harness/raw-http.ts';
import type { EntryCase } from '../languages.ts';
import type { Subject } from '../describe-template.ts';

async function expectReply(language: string, root: string, replies: unknown): Promise<void> {
  const running = await startFunction(language, root);
  try {
    const response = await send(running.port, asked({ name: 'Ada' }));
    expect({ status: response.status, body: response.json() }).toEqual({ status: 200, body: replies });
  } finally {
    await running.stop();
  }
}

async function expectNoStart(language: string, root: string, says: RegExp): Promise<void> {
  const started = await launch(language, root);
  expect((await started.ended).code).toBe(1);
  expect(started.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'function could not be loaded' });
  expect(String(started.lines.at(-1)?.['error'])).toMatch(says);
}

async function tryEntry(language: string, row: EntryCase): Promise<void> {
  const { source, entry = null, handler = null } = row;
  const root = await contextFolder(language, source, { entry, handler });
  try {
    const installed = await install(root);
    if (installed.exitCode !== 0) throw new Error(`the install failed:\n${installed.output}`);
    const compiled = await compile(root);
    if (row.buildSays !== undefined) {
      expect(compiled.exitCode).not.toBe(0);
      expect(compiled.output).toMatch(row.buildSays);
      return;
    }
    if (compiled.exitCode !== 0) throw new Error(`the build failed:\n${compiled.output}`);
    if (row.startSays !== undefined) await expectNoStart(language, root, row.startSays);
    else await expectReply(language, root, row.replies);
  } finally {
    await removeFolder(root);
  }
}

export function describeEntries({ language }: Subject): void {
  describe('finds its way into a source', () => {
    test.each([...language.entries])('$title', (row) => tryEntry(language.name, row), 60_000);
  });
}
