// Every port of local mode, opened on the one data directory. What is opened here is closed by the lifecycle, in reverse.
import { join, resolve } from 'node:path';
import { buildFolders } from '../adapters/local/builds/build-folders.ts';
import type { LocalBroker } from '../adapters/local/broker/broker.ts';
import { lockDataDirectory } from '../adapters/local/data-lock.ts';
import { createLocalDeadLetterQueue } from '../adapters/local/dead-letter-queue.ts';
import { removeHalfWritten } from '../adapters/local/durable-file.ts';
import { createLocalFunctionPlatform } from '../adapters/local/functions/function-platform.ts';
import { createLocalImageBuilder, type LocalImageBuilder } from '../adapters/local/builds/image-builder.ts';
import { imageFolder } from '../adapters/local/builds/image-tags.ts';
import { createLocalObjectStore } from '../adapters/local/object-store.ts';
import { createLocalRateLimiter } from '../adapters/local/rate-limiter.ts';
import { createResults, type Results } from '../adapters/local/broker/results.ts';
import { drainMs, type Surroundings } from '../builder/start-builder.ts';
import { serviceName } from '../core/function.ts';
import type { Environment } from '../ops/config.ts';
import type { DeadLetterQueue, FunctionPlatform, ObjectStore } from '../ports.ts';
import { createBuilderBroker, createFunctionsBroker, type Door } from './brokers.ts';
import type { LocalConfig } from './config.ts';
import { createStartCommand, functionEnvironment } from './function-environment.ts';

export type Adapters = {
  sources: ObjectStore;
  temp: ObjectStore;
  builds: LocalImageBuilder;
  functions: FunctionPlatform;
  builderBroker: LocalBroker;
  functionsBroker: LocalBroker;
  deadLetters: DeadLetterQueue;
  results: Results;
};

export type Around = Surroundings & {
  config: LocalConfig;
  environment: Environment;
  door: Door;
};

type Brokers = { builder: LocalBroker; functions: LocalBroker };

const openBrokers = async (
  around: Around,
  dataDir: string,
  results: Results,
  platform: () => FunctionPlatform,
): Promise<Brokers & { deadLetters: DeadLetterQueue }> => {
  const { config, logger, lifecycle } = around;
  const settings = {
    folder: join(dataDir, 'broker'),
    retries: config.DELIVERY_RETRIES,
    backoffMs: config.DELIVERY_BACKOFF_MS,
    parallelism: config.MAX_REPLICAS,
  };
  const brokers: Partial<Brokers> = {};
  const deadLetters = await createLocalDeadLetterQueue(join(dataDir, 'dead-letters'), {
    // A function's letter goes back to its trigger, everything else to the door.
    redeliver: async ({ event, destination }) => {
      await (destination === 'builder' ? brokers.builder : brokers.functions)?.publish(event);
    },
    logger,
  });
  const shared = { deadLetters: () => deadLetters, logger, now: Date.now };
  const builder = createBuilderBroker({ ...shared, door: around.door }, settings);
  const functions = createFunctionsBroker({ ...shared, functions: platform, results }, settings);
  Object.assign(brokers, { builder, functions });
  const graceMs = drainMs(config);
  lifecycle.onClose('the brokers', async () => {
    await Promise.all([builder.close(graceMs), functions.close(graceMs)]);
  });
  return { builder, functions, deadLetters };
};

const openBuilds = async (
  around: Around,
  dataDir: string,
  temp: ObjectStore,
  events: LocalBroker,
): Promise<LocalImageBuilder> => {
  const { config, logger, lifecycle, metrics } = around;
  const starts = createLocalRateLimiter({ perMinute: config.JOB_STARTS_PER_MINUTE, burst: config.JOB_STARTS_BURST });
  lifecycle.onClose('the job start limit', () => starts.close());
  const builds = await createLocalImageBuilder(
    {
      contexts: temp,
      completed: async (event) => {
        await events.publish(event);
      },
      logger,
      startLimit: { takeStart: async () => (await starts.take('starts')).retryAfterMs },
      onBuildEnded: (build) =>
        metrics.buildEnded(build.runtime, build.status, ((build.endedAt ?? 0) - (build.startedAt ?? build.endedAt ?? 0)) / 1000),
    },
    {
      dataDir,
      maxRunning: config.MAX_CONCURRENT_JOBS,
      maxQueued: config.MAX_QUEUED_JOBS,
      deadlineMs: config.BUILD_DEADLINE_SECONDS * 1000,
      environment: around.environment,
      now: Date.now,
    },
  );
  lifecycle.onClose('the builds', () => builds.close());
  return builds;
};

const openFunctions = async (
  around: Around,
  dataDir: string,
  forget: (service: string) => Promise<void>,
): Promise<FunctionPlatform> => {
  const { config, logger, lifecycle, metrics } = around;
  const folders = buildFolders(dataDir);
  const platform = await createLocalFunctionPlatform(
    {
      imageFolder: (digest) => Promise.resolve(imageFolder(folders.images, digest)),
      startCommand: createStartCommand(dataDir, around.templates, around.environment),
      logger,
      onSettled: ({ ref }) => around.settled(ref),
      onColdStart: (seconds, runtime) => metrics.coldStarted(runtime, seconds),
    },
    {
      dataDir,
      publicUrl: (ref) => `${around.address()}/functions/${ref.tenant}/${ref.function}/invoke`,
      environment: functionEnvironment(config, around.environment),
      concurrency: config.CONTAINER_CONCURRENCY,
      target: config.CONTAINER_CONCURRENCY,
      maxReplicas: config.MAX_REPLICAS,
      gracePeriodMs: config.SCALE_TO_ZERO_SECONDS * 1000,
      readyTimeoutMs: config.READY_TIMEOUT_SECONDS * 1000,
      timeoutSeconds: config.TIMEOUT_SECONDS,
      drainMs: drainMs(config),
    },
  );
  lifecycle.onClose('the functions', () => platform.close());
  return {
    ...platform,
    remove: async (ref) => {
      const outcome = await platform.remove(ref);
      await forget(serviceName(ref));
      return outcome;
    },
  };
};

export const openAdapters = async (around: Around): Promise<Adapters> => {
  const dataDir = resolve(around.config.DATA_DIR);
  around.lifecycle.onClose('the data directory', await lockDataDirectory(dataDir));
  await Promise.all(['broker', 'results', 'temp'].map((name) => removeHalfWritten(join(dataDir, name))));
  const results = createResults(join(dataDir, 'results'));
  const temp = createLocalObjectStore(join(dataDir, 'temp'));
  const opened: { functions?: FunctionPlatform } = {};
  const platform = (): FunctionPlatform => {
    if (opened.functions === undefined) throw new Error('The functions are not open yet');
    return opened.functions;
  };
  const brokers = await openBrokers(around, dataDir, results, platform);
  const builds = await openBuilds(around, dataDir, temp, brokers.builder);
  const functions = await openFunctions(around, dataDir, async (service) => {
    await brokers.functions.removeTrigger(service, 'The function was deleted');
    await results.forget(service);
  });
  opened.functions = functions;
  const sources = createLocalObjectStore(resolve(around.config.SOURCES_DIR));
  return {
    sources,
    temp,
    builds,
    functions,
    builderBroker: brokers.builder,
    functionsBroker: brokers.functions,
    deadLetters: brokers.deadLetters,
    results,
  };
};
