// What a function's process is told of its surroundings, and with which interpreter it starts.
import { join } from 'node:path';
import { createToolchain } from '../adapters/local/builds/build-environment.ts';
import { buildFolders } from '../adapters/local/builds/build-folders.ts';
import { notifiEnvironment } from '../builder/notifi-settings.ts';
import type { Templates } from '../builder/template.ts';
import { languageOf, type Runtime } from '../core/source.ts';
import type { Environment } from '../ops/config.ts';
import type { LocalConfig } from './config.ts';

/** Addresses and the callback's settings; of this process's own environment only the PATH. */
export const functionEnvironment = (config: LocalConfig, environment: Environment): Record<string, string> => ({
  PATH: environment.PATH ?? '',
  LOG_LEVEL: config.LOG_LEVEL === 'silent' ? 'error' : config.LOG_LEVEL,
  ...notifiEnvironment(config),
});

/** The template's command, with the interpreter that the build used: its dependencies may be made for that one alone. */
export const createStartCommand = (dataDir: string, templates: Templates, environment: Environment) => {
  const folders = buildFolders(dataDir);
  const toolchain = createToolchain(environment, folders);
  return async (runtime: Runtime): Promise<string[]> => {
    const { start } = await templates(languageOf(runtime));
    const { folder } = await toolchain.interpreterOf(runtime);
    const [program = '', ...parameters] = start;
    return [folder === undefined || program.includes('/') ? program : join(folder, program), ...parameters];
  };
};
