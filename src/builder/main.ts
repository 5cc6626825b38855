// PROCESS 1: the builder on a cluster.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clusterSettings } from '../cluster/config.ts';
import { openAdapters } from '../cluster/open-adapters.ts';
import { ConfigError, readConfig } from '../ops/config.ts';
import { closeOnSignals } from '../ops/lifecycle.ts';
import { createLogger } from '../ops/logger.ts';
import { startBuilder } from './start-builder.ts';

try {
  const config = readConfig(clusterSettings, process.env);
  const pretty = config.LOG_PRETTY ?? process.stdout.isTTY;
  const logger = await createLogger({ level: config.LOG_LEVEL, pretty, name: 'builder' });
  // The same depth from src/builder/ and from the bundle in dist/builder/.
  const templatesFolder = fileURLToPath(new URL('../../templates', import.meta.url));
  const options = { templatesFolder, spoolFolder: join(tmpdir(), `knative-lambda-spool-${process.pid}`), alone: false };
  const builder = await startBuilder(config, logger, options, (around) => openAdapters({ ...around, config }));
  logger.info({ address: builder.address }, 'ready');
  closeOnSignals({ onClose: () => undefined, close: () => builder.close() }, logger, config.SHUTDOWN_SECONDS * 1000);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
