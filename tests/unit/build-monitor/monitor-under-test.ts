// The monitor between a fake API server and a fake broker, in this process.
import { setTimeout as sleep } from 'node:timers/promises';
import { createHttpEventSink } from '../../../src/adapters/http/event-sink.ts';
import { createEventPoster } from '../../../src/adapters/http/post-event.ts';
import { createApiServer } from '../../../src/build-monitor/api-server.ts';
import { monitorBuild, type MonitorOptions, type MonitorOutcome } from '../../../src/build-monitor/monitor.ts';
import { parseEvent, type LambdaEvent } from '../../../src/core/events.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import { buildWith } from '../core/builds.ts';
import { startFakeApiServer } from './fake-api-server.ts';
import { startFakeBroker } from './fake-broker.ts';

export const build = buildWith();
const options: MonitorOptions = { build, namespace: 'builds', pod: 'pod', progressMs: 50, tellMs: 2_000 };

export const until = async (holds: () => boolean): Promise<void> => {
  for (let waited = 0; !holds(); waited += 10) {
    if (waited > 5_000) throw new Error('It did not come to be');
    await sleep(10);
  }
};

export type MonitorUnderTest = Awaited<ReturnType<typeof prepareMonitor>>;

export const prepareMonitor = async () => {
  const server = await startFakeApiServer(build.jobName);
  const broker = await startFakeBroker();
  const poster = createEventPoster({ userAgent: 'test', maxSockets: 1, maxAnswerBytes: 1_000 });
  const api = createApiServer({ host: '127.0.0.1', port: server.port, credentialsFolder: server.credentialsFolder });
  const stopping = new AbortController();
  const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' }, { write: () => undefined });
  const sink = createHttpEventSink(poster, broker.url, 500);
  return {
    server,
    broker,
    /** SIGTERM */
    stop: (): void => stopping.abort(),
    start: (extra: Partial<MonitorOptions> = {}): Promise<MonitorOutcome> =>
      monitorBuild({ api, broker: sink, logger, now: Date.now, stopping: stopping.signal }, { ...options, ...extra }),
    /** What stands on the job, by the last part of the annotation's name. */
    annotations: (): Record<string, string> =>
      Object.fromEntries(
        Object.entries(server.state.job?.metadata.annotations ?? {}).map(([name, value]) => [
          name.replace('build.notifi.network/', ''),
          value,
        ]),
      ),
    told: (): LambdaEvent => {
      const [event] = broker.taken;
      if (event === undefined) throw new Error('Nothing was told');
      return parseEvent(event);
    },
    close: async (): Promise<void> => {
      stopping.abort();
      api.close();
      poster.close();
      await server.close();
      await broker.close();
    },
  };
};
