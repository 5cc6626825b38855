// The whole platform in one process: the builder's own code between adapters that need no cluster. Used by main.ts and by the tests.
import type { FastifyInstance } from 'fastify';
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createLocalRateLimiter } from '../adapters/local/rate-limiter.ts';
import { bucketOptions, type Rate } from '../adapters/local/token-bucket.ts';
import { createApp } from '../builder/app.ts';
import { createBuilder, type Builder } from '../builder/builder.ts';
import { createAdmitEvent, createPackingLimit, limitedStore, type AdmitEvent } from '../builder/limits.ts';
import { createBuilderMetrics, type BuilderMetrics } from '../builder/metrics.ts';
import { createTemplates, type Templates } from '../builder/template.ts';
import type { Environment } from '../ops/config.ts';
import { createLifecycle, type Lifecycle } from '../ops/lifecycle.ts';
import type { Logger } from '../ops/logger.ts';
import { createRegistry } from '../ops/metrics.ts';
import type { RateLimiter } from '../ports.ts';
import type { LocalConfig } from './config.ts';
import { createDoor } from './door.ts';
import { localPaths } from './local-paths.ts';
import { addLocalRoutes } from './local-routes.ts';
import { drainMs, openAdapters, type Adapters } from './open-adapters.ts';

export type Local = {
  /** Where it listens, such as http://127.0.0.1:8080. */
  address: string;
  /** Takes no more, finishes or durably parks what is in hand. */
  close(): Promise<void>;
};

const openLimiter = (lifecycle: Lifecycle, rate: Rate): RateLimiter => {
  const limiter = createLocalRateLimiter(rate);
  lifecycle.onClose('a limit', () => limiter.close());
  return limiter;
};

const openAdmission = (config: LocalConfig, lifecycle: Lifecycle, metrics: BuilderMetrics): AdmitEvent =>
  createAdmitEvent(
    {
      tenant: openLimiter(lifecycle, { perMinute: config.TENANT_EVENTS_PER_MINUTE, burst: config.TENANT_EVENTS_BURST }),
      global: openLimiter(lifecycle, { perMinute: config.GLOBAL_EVENTS_PER_SECOND * 60, burst: config.GLOBAL_EVENTS_BURST }),
    },
    metrics,
  );

type Parts = { config: LocalConfig; logger: Logger; lifecycle: Lifecycle; metrics: BuilderMetrics; templates: Templates };

const openBuilder = ({ config, logger, lifecycle, metrics, templates }: Parts, adapters: Adapters): Builder => {
  const storage = openLimiter(lifecycle, {
    perMinute: config.STORAGE_REQUESTS_PER_SECOND * 60,
    burst: config.STORAGE_REQUESTS_BURST,
  });
  const packing = {
    ...bucketOptions({ perMinute: config.PACKING_PER_MINUTE, burst: config.PACKING_BURST }),
    maxConcurrent: config.MAX_CONCURRENT_BUILDS,
  };
  return createBuilder({
    ...adapters,
    sources: limitedStore(adapters.sources, storage, config.STORAGE_WAIT_SECONDS * 1000, metrics),
    events: adapters.builderBroker,
    functionEvents: adapters.functionsBroker,
    packing: createPackingLimit(packing, config.PACKING_WAIT_SECONDS * 1000, metrics),
    metrics,
    logger,
    images: { registry: config.IMAGE_REGISTRY, repository: config.IMAGE_REPOSITORY, options: { builder: 'local' } },
    templates,
    spoolFolder: join(resolve(config.DATA_DIR), 'spool'),
    now: Date.now,
  });
};

const sweepRegularly = ({ config, logger, lifecycle }: Parts, builder: Builder): void => {
  const everyMs = config.SWEEP_SECONDS * 1000;
  const sweep = (): Promise<void> =>
    builder.sweep(everyMs).catch((error: unknown) => logger.warn({ err: error }, 'a sweep failed; the next one tries again'));
  const timer = setInterval(() => void sweep(), everyMs);
  lifecycle.onClose('the sweep', () => clearInterval(timer));
};

const listen = async (app: FastifyInstance, config: LocalConfig): Promise<string> => {
  await app.listen({ port: config.PORT, host: config.HOST });
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : config.PORT;
  const host = ['0.0.0.0', '::', '::1'].includes(config.HOST) ? 'localhost' : config.HOST;
  return `http://${host}:${port}`;
};

/** @param environment where children's PATH and registries come from, and nothing else */
export const startLocal = async (
  config: LocalConfig,
  environment: Environment,
  logger: Logger,
  templatesFolder: string,
): Promise<Local> => {
  const lifecycle = createLifecycle(logger);
  const registry = createRegistry();
  const metrics = createBuilderMetrics(registry);
  const state = { address: '', notReady: 'Starting' as string | undefined };
  const address = (): string => state.address;
  const parts: Parts = { config, logger, lifecycle, metrics, templates: createTemplates(templatesFolder) };
  try {
    await rm(join(resolve(config.DATA_DIR), 'spool'), { recursive: true, force: true });
    const opened: { builder?: Builder } = {};
    const settled: Parameters<typeof openAdapters>[0]['settled'] = (ref) =>
      void opened.builder
        ?.settled(ref)
        .catch((error: unknown) => logger.warn({ err: error }, 'waiting events could not be handed over; the sweep does it'));
    const adapters = await openAdapters({ ...parts, environment, door: createDoor(address), address, settled });
    metrics.observe({
      queued: () => Promise.resolve(adapters.builds.depth().queued),
      running: () => Promise.resolve(adapters.builds.depth().running),
      deadLetters: () => adapters.deadLetters.stats(Date.now()),
    });
    const builder = (opened.builder = openBuilder(parts, adapters));
    const admit = openAdmission(config, lifecycle, metrics);
    const app = createApp(
      {
        ...adapters,
        ...{ builder, admit, metrics, registry, logger },
        eventsPerMinute: config.TENANT_EVENTS_PER_MINUTE,
        morePaths: localPaths,
        notReady: () => state.notReady,
        now: Date.now,
        drainMs: drainMs(config),
      },
      {
        bodyLimitBytes: config.BODY_LIMIT_BYTES,
        headersLimitBytes: 32 * 2 ** 10,
        requestTimeoutMs: config.REQUEST_TIMEOUT_SECONDS * 1000,
      },
    );
    addLocalRoutes(app, adapters);
    lifecycle.onClose('the server', () => app.close());
    state.address = await listen(app, config);
    lifecycle.onClose('readiness', () => void (state.notReady = 'Stopping'));
    await Promise.all([adapters.builderBroker.start(), adapters.functionsBroker.start()]);
    await builder.sweep(0);
    sweepRegularly(parts, builder);
    state.notReady = undefined;
    logger.info({ address: state.address, data: config.DATA_DIR, sources: config.SOURCES_DIR }, 'ready');
    return { address: state.address, close: () => lifecycle.close() };
  } catch (thrown) {
    await lifecycle.close();
    throw thrown;
  }
};
