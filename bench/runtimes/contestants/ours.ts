// Our own row, in every language: the template's two build scripts, then its start command, as everywhere else.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { buildFunction } from '../../../tests/templates/harness/build.ts';
import { readTemplate } from '../../../tests/templates/harness/context-folder.ts';
import type { Contestant, Startable } from '../contestant.ts';

/** @param source a folder of ../programs with the function */
export function ours(language: Contestant['language'], source: string): Contestant {
  const prepare = async (): Promise<Startable> => {
    const folder = await buildFunction(language, { folder: join(import.meta.dirname, '..', 'programs', source) });
    process.once('exit', () => {
      rmSync(folder, { recursive: true, force: true });
    });
    const { start } = await readTemplate(language);
    return {
      command: start,
      folder,
      environment: (port) => ({
        PORT: String(port),
        HOST: '127.0.0.1',
        FUNCTION_TENANT: 'acme-corp',
        FUNCTION_NAME: 'price_feed',
      }),
    };
  };
  return { language, name: 'knative-lambda', role: 'ours', prepare };
}
