// The whole platform in one process: the builder's own code between adapters that need no cluster. Used by main.ts and by the tests.
import { join, resolve } from 'node:path';
import { openLocalLimiter } from '../adapters/local/open-limiter.ts';
import { startBuilder, type BuilderAdapters, type Running, type Surroundings } from '../builder/start-builder.ts';
import type { Environment } from '../ops/config.ts';
import type { Lifecycle } from '../ops/lifecycle.ts';
import type { Logger } from '../ops/logger.ts';
import type { LocalConfig } from './config.ts';
import { createDoor } from './door.ts';
import { localPaths } from './local-paths.ts';
import { addLocalRoutes } from './local-routes.ts';
import { openAdapters, type Adapters } from './open-adapters.ts';

const builderAdapters = (adapters: Adapters, lifecycle: Lifecycle): BuilderAdapters => ({
  ...adapters,
  events: adapters.builderBroker,
  functionEvents: adapters.functionsBroker,
  limiter: openLocalLimiter(lifecycle),
  observed: {
    queued: () => Promise.resolve(adapters.builds.depth().queued),
    running: () => Promise.resolve(adapters.builds.depth().running),
    deadLetters: () => adapters.deadLetters.stats(Date.now()),
  },
  builderOptions: { builder: 'local' },
  more: { paths: localPaths, add: (app) => addLocalRoutes(app, adapters) },
  start: async () => {
    await Promise.all([adapters.builderBroker.start(), adapters.functionsBroker.start()]);
  },
});

/** @param environment where children's PATH and registries come from, and nothing else */
export const startLocal = async (
  config: LocalConfig,
  environment: Environment,
  logger: Logger,
  templatesFolder: string,
): Promise<Running> => {
  const options = { templatesFolder, spoolFolder: join(resolve(config.DATA_DIR), 'spool'), alone: true };
  const open = async (around: Surroundings): Promise<BuilderAdapters> => {
    const adapters = await openAdapters({ ...around, config, environment, door: createDoor(around.address) });
    return builderAdapters(adapters, around.lifecycle);
  };
  const running = await startBuilder(config, logger, options, open);
  logger.info({ address: running.address, data: config.DATA_DIR, sources: config.SOURCES_DIR }, 'ready');
  return running;
};
