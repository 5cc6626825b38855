// The builder between its adapters: the same steps on a cluster and in local mode, which differ in what `open` returns.
import type { FastifyInstance } from 'fastify';
import { mkdir, rm } from 'node:fs/promises';
import type { Static, TObject } from 'typebox';
import type { FunctionRef } from '../core/function.ts';
import { createLifecycle, type Lifecycle } from '../ops/lifecycle.ts';
import { listen } from '../ops/server.ts';
import type { Logger } from '../ops/logger.ts';
import { createRegistry, type Registry } from '../ops/metrics.ts';
import type { EventSink, FunctionPlatform, ImageBuilder, ObjectStore } from '../ports.ts';
import { createApp } from './app.ts';
import { createBuilder, type Builder } from './builder.ts';
import type { builderSettings } from './config.ts';
import { createAdmitEvent, createPackingRate, createPlaces, limitedStore, type OpenLimiter } from './limits.ts';
import { createBuilderMetrics, type BuilderMetrics, type Observed } from './metrics.ts';
import type { Paths } from './openapi-parts.ts';
import { createSweeping } from './sweeping.ts';
import { createTemplates, type Templates } from './template.ts';

export type BuilderConfig = Static<TObject<typeof builderSettings>>;

/** What adapters may need of the process around them. */
export type Surroundings = {
  logger: Logger;
  lifecycle: Lifecycle;
  metrics: BuilderMetrics;
  templates: Templates;
  /** Where it listens, known once it does. */
  address: () => string;
  /** A function has become ready, or can't. */
  settled: (ref: FunctionRef) => void;
};

export type BuilderAdapters = {
  sources: ObjectStore;
  temp: ObjectStore;
  builds: ImageBuilder;
  functions: FunctionPlatform;
  /** The builder's own broker. */
  events: EventSink;
  functionEvents: EventSink;
  limiter: OpenLimiter;
  observed: Observed;
  /** Where the adapters don't see how builds end: told by the completions. */
  onBuildEnded?: BuilderMetrics['buildEnded'];
  /** Of the tool that builds, as far as they change the image. */
  builderOptions: Readonly<Record<string, string>>;
  /** Routes beside the builder's own, and what they are for. */
  more?: { paths: Paths; add: (app: FastifyInstance) => void };
  /** Once the door is open. */
  start?: () => Promise<void>;
};

export type Options = {
  templatesFolder: string;
  /** For sources on their way into a context. What an earlier process left there is removed. */
  spoolFolder: string;
  /** No other process works on the same state: whatever is found half done at the start, nobody is at work on it. */
  alone: boolean;
};

export type Running = {
  /** Where it listens, such as http://127.0.0.1:8080. */
  address: string;
  /** Takes no more, finishes or durably parks what is in hand. */
  close(): Promise<void>;
};

/** The server, the functions and the brokers close one after the other; each gets a quarter, and a quarter is left over. */
export const drainMs = (config: Pick<BuilderConfig, 'SHUTDOWN_SECONDS'>): number => config.SHUTDOWN_SECONDS * 250;

type Parts = Surroundings & { config: BuilderConfig; options: Options };

const builderOf = ({ config, options, logger, metrics, templates }: Parts, adapters: BuilderAdapters): Builder => {
  const storage = adapters.limiter('storage', {
    perMinute: config.STORAGE_REQUESTS_PER_SECOND * 60,
    burst: config.STORAGE_REQUESTS_BURST,
  });
  const packing = { perMinute: config.PACKING_PER_MINUTE, burst: config.PACKING_BURST };
  const waitMs = config.PACKING_WAIT_SECONDS * 1000;
  return createBuilder({
    ...adapters,
    sources: limitedStore(adapters.sources, storage, config.STORAGE_WAIT_SECONDS * 1000, metrics),
    takePlace: createPlaces(config.MAX_CONCURRENT_BUILDS, waitMs, metrics),
    packing: createPackingRate(packing, waitMs, metrics),
    metrics,
    logger,
    images: { registry: config.IMAGE_REGISTRY, repository: config.IMAGE_REPOSITORY, options: adapters.builderOptions },
    templates,
    spoolFolder: options.spoolFolder,
    now: Date.now,
  });
};

type Opened = { parts: Parts; adapters: BuilderAdapters; builder: Builder; notReady: () => string | undefined };

const appOf = (
  { parts, adapters, builder, notReady }: Opened,
  registry: Registry,
  sweep: () => Promise<void>,
): FastifyInstance => {
  const { config, metrics } = parts;
  const admit = createAdmitEvent(
    {
      tenant: adapters.limiter('tenant', { perMinute: config.TENANT_EVENTS_PER_MINUTE, burst: config.TENANT_EVENTS_BURST }),
      global: adapters.limiter('global', { perMinute: config.GLOBAL_EVENTS_PER_SECOND * 60, burst: config.GLOBAL_EVENTS_BURST }),
    },
    metrics,
  );
  const app = createApp(
    {
      ...adapters,
      ...{ builder, admit, metrics, registry, notReady, sweep },
      logger: parts.logger,
      eventsPerMinute: config.TENANT_EVENTS_PER_MINUTE,
      ...(adapters.more === undefined ? {} : { morePaths: adapters.more.paths }),
      now: Date.now,
      drainMs: drainMs(config),
    },
    {
      bodyLimitBytes: config.BODY_LIMIT_BYTES,
      headersLimitBytes: 32 * 2 ** 10,
      requestTimeoutMs: config.REQUEST_TIMEOUT_SECONDS * 1000,
    },
  );
  adapters.more?.add(app);
  return app;
};

/** Before the adapters there is no builder to tell, and what settles then is found by the first sweep. */
const teller = (logger: Logger, opened: { builder?: Builder }): Surroundings['settled'] => {
  return (ref) =>
    void opened.builder
      ?.settled(ref)
      .catch((error: unknown) => logger.warn({ err: error }, 'waiting events could not be handed over; the sweep does it'));
};

/** Resolves once it takes work. What an earlier process left half done is under way again then, or soon after. */
export const startBuilder = async (
  config: BuilderConfig,
  logger: Logger,
  options: Options,
  open: (around: Surroundings) => BuilderAdapters | Promise<BuilderAdapters>,
): Promise<Running> => {
  const lifecycle = createLifecycle(logger);
  const registry = createRegistry();
  const metrics = createBuilderMetrics(registry);
  const state = { address: '', notReady: 'Starting' as string | undefined };
  const opened: { builder?: Builder } = {};
  const templates = createTemplates(options.templatesFolder);
  const around = { logger, lifecycle, metrics, templates, address: () => state.address, settled: teller(logger, opened) };
  try {
    const adapters = await open(around);
    // Only now: adapters that own their folder refuse to be opened twice.
    await rm(options.spoolFolder, { recursive: true, force: true });
    await mkdir(options.spoolFolder, { recursive: true });
    metrics.observe(adapters.observed);
    const parts: Parts = { ...around, config, options };
    const builder = (opened.builder = builderOf(parts, adapters));
    const sweeping = createSweeping(builder, config.SWEEP_SECONDS * 1000, logger);
    lifecycle.onClose('the sweep', () => sweeping.close());
    const app = appOf({ parts, adapters, builder, notReady: () => state.notReady }, registry, () => sweeping.now());
    lifecycle.onClose('the server', () => app.close());
    state.address = await listen(app, config);
    lifecycle.onClose('readiness', () => void (state.notReady = 'Stopping'));
    await adapters.start?.();
    if (options.alone) await builder.sweep(0);
    else void sweeping.now();
    state.notReady = undefined;
    return { address: state.address, close: () => lifecycle.close() };
  } catch (thrown) {
    await lifecycle.close();
    throw thrown;
  }
};
