// The function that users copy from: it must build, start and answer as it stands.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { asked } from '../cases/case.ts';
import { buildFunction } from '../harness/build.ts';
import { readTemplate, templatesFolder } from '../harness/context-folder.ts';
import { startFunction } from '../harness/function-process.ts';
import { removeFolder } from '../harness/leaks.ts';
import { send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';

const prices = [
  { symbol: 'BTC', value: 97_000 },
  { symbol: 'ETH', value: 3_400 },
  { symbol: 'BTC', value: 97_001 },
];

const headings: Readonly<Record<string, string>> = { nodejs: 'Node', python: 'Python', go: 'Go' };

/** The function that docs/functions.md shows for a language, with the manifests of the language's example. */
async function documentedSource(language: string): Promise<Record<string, string>> {
  const page = await readFile(join(templatesFolder, '..', 'docs', 'functions.md'), 'utf8');
  const section = page.split(`\n## ${headings[language] ?? language}\n`)[1] ?? '';
  const code = /```\w+\n(.*?)```/s.exec(section)?.[1] ?? '';
  const file = /^\S+ ([\w.]+),/.exec(code)?.[1] ?? 'unnamed';
  const files: Record<string, string> = { [file]: code };
  const { manifests } = await readTemplate(language);
  for (const manifest of manifests) {
    const text = await readFile(join(templatesFolder, language, 'example', manifest), 'utf8').catch(() => undefined);
    if (text !== undefined) files[manifest] = text;
  }
  return files;
}

export function describeExample({ language }: Subject): void {
  describe('has an example', () => {
    test('that sums up prices, returns nothing for none, and fails for good on what is no list', async () => {
      const root = await buildFunction(language.name, { folder: join(templatesFolder, language.name, 'example') });
      const running = await startFunction(language.name, root);
      const summary = await send(running.port, asked({ prices }));
      expect(summary.json()).toMatchObject({ BTC: { count: 2, mean: 97_000.5 }, ETH: { count: 1, mean: 3_400 } });
      expect((await send(running.port, asked({ prices: [] }))).status).toBe(204);
      const failed = await send(running.port, asked({ prices: 7 }));
      expect(failed.headers['ce-type']).toBe('network.notifi.lambda.parser.failed');
      expect(await running.line(({ msg }) => msg === 'summing up prices')).toMatchObject({ level: 'info', count: 3 });
      await running.stop();
      await removeFolder(root);
    }, 120_000);

    test('in docs/functions.md that does what it says', async () => {
      const root = await buildFunction(language.name, { files: await documentedSource(language.name) });
      const running = await startFunction(language.name, root);
      expect((await send(running.port, asked({ prices }))).status).toBe(200);
      expect((await send(running.port, asked({ prices: 7 }))).headers['ce-type']).toBe('network.notifi.lambda.parser.failed');
      await running.stop();
      await removeFolder(root);
    }, 120_000);
  });
}
