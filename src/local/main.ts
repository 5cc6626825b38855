// npm start: the whole platform on this machine.
import { fileURLToPath } from 'node:url';
import { ConfigError, readConfig } from '../ops/config.ts';
import { closeOnSignals } from '../ops/lifecycle.ts';
import { createLogger } from '../ops/logger.ts';
import { localSettings } from './config.ts';
import { startLocal } from './start-local.ts';

try {
  const config = readConfig(localSettings, process.env);
  const logger = await createLogger({
    level: config.LOG_LEVEL,
    pretty: config.LOG_PRETTY ?? process.stdout.isTTY,
    name: 'local',
  });
  // The same depth from src/local/ and from the bundle in dist/local/.
  const templates = fileURLToPath(new URL('../../templates', import.meta.url));
  const local = await startLocal(config, process.env, logger, templates);
  closeOnSignals({ onClose: () => undefined, close: () => local.close() }, logger, config.SHUTDOWN_SECONDS * 1000);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
