// SIDECAR of a build: watches the kaniko container beside it, and tells of its end.
import { createHttpEventSink } from '../adapters/http/event-sink.ts';
import { createEventPoster } from '../adapters/http/post-event.ts';
import { ConfigError, readConfig } from '../ops/config.ts';
import { createLogger } from '../ops/logger.ts';
import { createApiServer } from './api-server.ts';
import { apiServerOf, monitoringOf, monitorSettings } from './config.ts';
import { monitorBuild } from './monitor.ts';

try {
  const config = readConfig(monitorSettings, process.env);
  const logger = await createLogger({ level: config.LOG_LEVEL, pretty: false, name: 'build-monitor' });
  const stopping = new AbortController();
  process.on('SIGTERM', () => stopping.abort());
  const poster = createEventPoster({ userAgent: 'knative-lambda-build-monitor', maxSockets: 1, maxAnswerBytes: 2 ** 16 });
  const api = createApiServer(apiServerOf(config));
  const outcome = await monitorBuild(
    {
      api,
      broker: createHttpEventSink(poster, new URL(config.BROKER_URL), 5_000),
      logger,
      now: Date.now,
      stopping: stopping.signal,
    },
    monitoringOf(config),
  );
  process.exit(outcome === 'untold' ? 1 : 0);
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
