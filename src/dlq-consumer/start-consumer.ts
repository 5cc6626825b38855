// The whole process between its adapters: used by main.ts and by the tests.
import type { FastifyInstance } from 'fastify';
import { orderedRun, type Depths, type LetterFlow, type LetterHandlers } from '../core/letter-flow.ts';
import { createLifecycle, type Lifecycle } from '../ops/lifecycle.ts';
import type { Logger } from '../ops/logger.ts';
import { createRegistry } from '../ops/metrics.ts';
import type { DeadLetterQueue, ObjectStore } from '../ports.ts';
import { createApp } from './app.ts';
import { createArchiveLetter } from './archive-letter.ts';
import { createCircuits, type Circuits } from './circuits.ts';
import { createCleanup, createSurplusCleanup, type Cleanup } from './cleanup.ts';
import { destinationsOf, replyBrokerOf, rulesOf, type DlqConfig } from './config.ts';
import { createHandlers } from './handlers.ts';
import { createJudgeLetter } from './judge-letter.ts';
import { createDlqMetrics, type DlqMetrics } from './metrics.ts';
import { createLetterLog, type LetterLog } from './letter-log.ts';
import { createOrderKeeper } from './order.ts';
import { createPace } from './pace.ts';
import { createRedeliver, type RedeliverDeps } from './redeliver.ts';
import { createRoom } from './room.ts';
import { createRedriveRuns } from './redrive-runs.ts';

export type Letters = LetterFlow & { readonly queue: DeadLetterQueue };

export type Adapters = {
  createLetters: (handlers: LetterHandlers) => Letters;
  post: RedeliverDeps['post'];
  /** Where archived letters go for good; without it they stay in their queue. */
  archive?: Pick<ObjectStore, 'write'>;
};

export type Consumer = { address: string; close(): Promise<void> };

type Parts = { config: DlqConfig; logger: Logger; log: LetterLog; metrics: DlqMetrics; circuits: Circuits };

/** Letters that are under way when the process is to stop get this much of its time. */
const shareForHand = 0.6;

type Stopping = { stopping: AbortController; givingUp: AbortController };

const stop = ({ stopping, givingUp }: Stopping, config: DlqConfig): void => {
  stopping.abort();
  setTimeout(() => givingUp.abort(), config.SHUTDOWN_SECONDS * 1000 * shareForHand).unref();
};

const handlersOf = (
  { config, logger, log, metrics, circuits }: Parts,
  { stopping, givingUp }: Stopping,
  adapters: Adapters,
  onNews: LetterHandlers['onNews'],
): LetterHandlers => {
  const shared = { rules: rulesOf(config), destinations: destinationsOf(config), metrics, now: Date.now };
  const redeliver = createRedeliver({
    ...shared,
    replyBroker: replyBrokerOf(config),
    post: adapters.post,
    circuits,
    pace: createPace(config.DLQ_RATE_PER_SECOND),
    // The rest is for letters that are judged, archived, or sent back to wait.
    room: createRoom(config.DLQ_HELD_BYTES / 4),
    timeoutMs: config.DLQ_DELIVERY_TIMEOUT_SECONDS * 1000,
    stopping: stopping.signal,
    givingUp: givingUp.signal,
  });
  const archive =
    adapters.archive === undefined ? {} : { archive: createArchiveLetter(adapters.archive, stopping.signal, logger) };
  return createHandlers({
    judge: createJudgeLetter(shared),
    redeliver,
    ...archive,
    onNews,
    ordered: config.DLQ_ORDERED,
    metrics,
    log,
  });
};

/** The queues' lengths as they were a moment ago: asking for each request would be one more round trip for each. */
const watchDepths = (lifecycle: Lifecycle, letters: Letters): (() => Depths | undefined) => {
  let last: Depths | undefined;
  const look = async (): Promise<void> => {
    last = await letters.depths().catch(() => undefined);
  };
  const timer = setInterval(() => void look(), 2_000);
  lifecycle.onClose('the depths', () => clearInterval(timer));
  return () => last;
};

const watchSurplus = (
  lifecycle: Lifecycle,
  cleanup: Cleanup,
  depths: () => Depths | undefined,
  { config, logger }: Parts,
): void => {
  const parked = (): number | undefined => depths()?.parked;
  const look = createSurplusCleanup({ cleanup, parked, maxLetters: config.DLQ_RETENTION_LETTERS, logger });
  const timer = setInterval(() => void look(), 5_000);
  lifecycle.onClose('the surplus', () => clearInterval(timer));
};

const openOrder = (lifecycle: Lifecycle, queue: DeadLetterQueue, logger: Logger): LetterHandlers['onNews'] => {
  const isComplete = (): Promise<boolean> =>
    queue.stats(Date.now()).then(
      () => true,
      () => false,
    );
  const order = createOrderKeeper({ handOver: (id) => queue.redrive(id, orderedRun), isComplete, logger, now: Date.now });
  lifecycle.onClose('the order', () => order.close());
  return (news) => order.onNews(news);
};

const listen = async (app: FastifyInstance, { PORT, HOST }: DlqConfig): Promise<string> => {
  await app.listen({ port: PORT, host: HOST });
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : PORT;
  return `http://${HOST.includes(':') ? `[${HOST}]` : HOST}:${port}`;
};

const optionsOf = (config: DlqConfig) => ({
  token: config.DLQ_TOKEN,
  bodyLimitBytes: config.DLQ_BODY_LIMIT_BYTES,
  heldBytes: config.DLQ_HELD_BYTES,
  requestTimeoutMs: 30_000,
  confirmTimeoutMs: config.DLQ_CONFIRM_TIMEOUT_SECONDS * 1000,
  redrivePerSecond: config.DLQ_REDRIVE_PER_SECOND,
});

const createParts = (config: DlqConfig, logger: Logger, metrics: DlqMetrics): Parts => ({
  config,
  logger,
  log: createLetterLog(logger),
  metrics,
  circuits: createCircuits({
    maxConcurrent: config.DLQ_CONCURRENCY,
    patienceMs: 5_000,
    openMs: config.DLQ_CIRCUIT_OPEN_MS,
    maxOpenMs: config.DLQ_CIRCUIT_MAX_OPEN_MS,
  }),
});

/** Resolves when letters are consumed. @throws when the broker holds other queues under our names, or the port is taken */
export const startConsumer = async (config: DlqConfig, logger: Logger, adapters: Adapters): Promise<Consumer> => {
  const lifecycle = createLifecycle(logger);
  const registry = createRegistry();
  const metrics = createDlqMetrics(registry);
  const parts = createParts(config, logger, metrics);
  const followers: LetterHandlers['onNews'][] = [];
  const signals: Stopping = { stopping: new AbortController(), givingUp: new AbortController() };
  const letters = adapters.createLetters(
    handlersOf(parts, signals, adapters, (news) => followers.forEach((follow) => follow(news))),
  );
  const { queue } = letters;
  const runs = createRedriveRuns(queue, logger, Date.now);
  followers.push((news) => runs.onNews(news));
  const state = { stopping: false };
  const notReady = (): string | undefined => (state.stopping ? 'Stopping' : letters.trouble());
  const cleanup = createCleanup({
    queue,
    archive: (ids) => letters.archive(ids),
    retentionMs: config.DLQ_RETENTION_DAYS * 86_400_000,
    maxLetters: config.DLQ_RETENTION_LETTERS,
    now: Date.now,
  });
  try {
    lifecycle.onClose('the log of letters', () => parts.log.close());
    lifecycle.onClose('the letters', () => letters.close());
    const depths = watchDepths(lifecycle, letters);
    watchSurplus(lifecycle, cleanup, depths, parts);
    metrics.observe({
      depths,
      oldestAgeMs: async () => (await queue.stats(Date.now())).oldestAgeMs,
      circuits: () => parts.circuits.states(),
      connected: () => notReady() === undefined,
    });
    const full = (): boolean => (depths()?.fresh ?? 0) >= config.DLQ_MAX_LENGTH;
    const deps = { queue, flow: letters, full, runs, cleanup, metrics, registry, logger, notReady, now: Date.now };
    const app = createApp(deps, optionsOf(config));
    if (config.DLQ_ORDERED) followers.push(openOrder(lifecycle, queue, logger));
    lifecycle.onClose('deliveries', () => stop(signals, config));
    lifecycle.onClose('redrives', () => runs.close());
    lifecycle.onClose('the server', () => app.close());
    const address = await listen(app, config);
    lifecycle.onClose('readiness', () => void (state.stopping = true));
    logger.info({ address }, 'listening');
    await letters.start();
    return { address, close: () => lifecycle.close() };
  } catch (thrown) {
    await lifecycle.close();
    throw thrown;
  }
};
