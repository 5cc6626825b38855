// PROCESS 2: the dead letters' consumer on RabbitMQ.
import { createEventPoster } from '../adapters/http/post-event.ts';
import { createLocalObjectStore } from '../adapters/local/object-store.ts';
import { createRabbitDeadLetters } from '../adapters/rabbitmq/dead-letters.ts';
import { ConfigError, readConfig } from '../ops/config.ts';
import { closeOnSignals } from '../ops/lifecycle.ts';
import { createLogger } from '../ops/logger.ts';
import type { ObjectStore } from '../ports.ts';
import { dlqSettings, mistakeIn, posterOptionsOf, rabbitOptionsOf, s3OptionsOf, type DlqConfig } from './config.ts';
import { startConsumer } from './start-consumer.ts';

const openArchive = async (config: DlqConfig): Promise<{ archive?: ObjectStore }> => {
  if (config.ARCHIVE_DIR !== undefined) return { archive: createLocalObjectStore(config.ARCHIVE_DIR) };
  if (config.ARCHIVE_BUCKET === undefined) return {};
  // The SDK is larger than all the rest: it is only loaded where there is a bucket.
  const { createS3Client } = await import('../adapters/s3/client.ts');
  const { createS3ObjectStore } = await import('../adapters/s3/object-store.ts');
  return { archive: createS3ObjectStore(createS3Client(s3OptionsOf(config)), { bucket: config.ARCHIVE_BUCKET }) };
};

try {
  const config = readConfig(dlqSettings, process.env);
  const mistake = mistakeIn(config);
  if (mistake !== undefined) throw new ConfigError([mistake]);
  const pretty = config.LOG_PRETTY ?? process.stdout.isTTY;
  const logger = await createLogger({ level: config.LOG_LEVEL, pretty, name: 'dlq-consumer' });
  const poster = createEventPoster(posterOptionsOf(config));
  const consumer = await startConsumer(config, logger, {
    createLetters: (handlers) => createRabbitDeadLetters(rabbitOptionsOf(config), handlers, logger),
    post: (url, event, timeoutMs, signal) => poster.post(url, event, timeoutMs, signal),
    ...(await openArchive(config)),
  });
  closeOnSignals({ onClose: () => undefined, close: () => consumer.close() }, logger, config.SHUTDOWN_SECONDS * 1000);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
