// What the builder measures. Labels are closed sets: no id of a tenant, a function or a build ever becomes one.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EndStatus } from '../core/build.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { EventName } from '../core/events.ts';
import type { Runtime } from '../core/source.ts';

export type EventOutcome = 'accepted' | 'done' | 'refused' | 'retryable';
export type LimitName = 'tenant' | 'global' | 'packing' | 'storage';

export type Observed = {
  /** Absent where somebody else keeps the queue. */
  queued?: () => Promise<number>;
  running?: () => Promise<number>;
  /** Where the dead letters are this process's own; elsewhere their consumer measures them. */
  deadLetters?: () => Promise<{ depth: number; oldestAgeMs: number }>;
  /** Absent where each replica limits for itself anyway. */
  limitsShared?: () => Promise<number>;
};

export type BuilderMetrics = {
  eventEnded(type: EventName | 'unknown', outcome: EventOutcome, seconds: number): void;
  errorAnswered(code: ErrorCode): void;
  limitMet(limit: LimitName): void;
  contextPacked(seconds: number): void;
  /** Without seconds when nobody knows them, or when it never began. */
  buildEnded(runtime: Runtime, outcome: EndStatus, seconds: number | undefined): void;
  coldStarted(runtime: Runtime, seconds: number): void;
  /** Read when Prometheus asks. */
  observe(sources: Observed): void;
};

/** Counts of the last minute, second by second: a rate that is measured, not estimated. */
const createWindow = (seconds: number) => {
  const counts = new Map<number, number>();
  const now = (): number => Math.floor(Date.now() / 1000);
  const forget = (): void => {
    for (const second of counts.keys()) if (second <= now() - seconds) counts.delete(second);
  };
  return {
    add: () => void counts.set(now(), (counts.get(now()) ?? 0) + 1),
    perSecond: () => {
      forget();
      return [...counts.values()].reduce((sum, count) => sum + count, 0) / seconds;
    },
    size: () => counts.size,
    forget,
  };
};

const secondsUntil = {
  request: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  build: [1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800],
};
const createHistograms = (registers: Registry[]) => ({
  events: new Histogram({
    name: 'knative_lambda_event_processing_time_seconds',
    help: 'From the parsed request to the answer, by event type and outcome',
    labelNames: ['type', 'outcome'],
    buckets: secondsUntil.request,
    registers,
  }),
  packing: new Histogram({
    name: 'knative_lambda_context_packing_seconds',
    help: 'From reading the source to the stored build context',
    buckets: secondsUntil.build,
    registers,
  }),
  builds: new Histogram({
    name: 'knative_lambda_build_duration_seconds',
    help: 'From the start of a build to its end, by runtime and outcome',
    labelNames: ['runtime', 'outcome'],
    buckets: secondsUntil.build,
    registers,
  }),
  coldStarts: new Histogram({
    name: 'knative_lambda_cold_start_duration_seconds',
    help: 'From starting a replica to its first ready answer, by runtime',
    labelNames: ['runtime'],
    buckets: secondsUntil.request,
    registers,
  }),
});

const createCounters = (registers: Registry[]) => ({
  errors: new Counter({
    name: 'knative_lambda_errors_total',
    help: 'Answers that are errors, by code',
    labelNames: ['code'],
    registers,
  }),
  limits: new Counter({
    name: 'knative_lambda_limited_total',
    help: 'Events that met a limit, by limit',
    labelNames: ['limit'],
    registers,
  }),
});

const createRequestRate = (registers: Registry[]): (() => void) => {
  const requests = createWindow(60);
  new Gauge({
    name: 'knative_lambda_request_rate',
    help: 'Events per second, over the last minute',
    registers,
    collect() {
      this.set(requests.perSecond());
    },
  });
  return () => {
    requests.add();
    if (requests.size() > 120) requests.forget();
  };
};

/** Builds that the success rate looks back on. */
const lookBack = 100;

const createSuccessRate = (registers: Registry[]): ((succeeded: boolean) => void) => {
  const last: boolean[] = [];
  new Gauge({
    name: 'knative_lambda_build_success_rate',
    help: `Share of the last ${lookBack} builds that completed; absent before the first one ended`,
    registers,
    collect() {
      if (last.length > 0) this.set(last.filter(Boolean).length / last.length);
      else this.remove();
    },
  });
  return (succeeded) => {
    last.push(succeeded);
    if (last.length > lookBack) last.shift();
  };
};

const observe = (registers: Registry[], sources: Observed): void => {
  const gauge = (name: string, help: string, read: (() => Promise<number>) | undefined): void => {
    if (read === undefined) return;
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        this.set(await read());
      },
    });
  };
  gauge('knative_lambda_queue_depth', 'Builds that wait for their turn', sources.queued);
  gauge('knative_lambda_builds_running', 'Builds that run now', sources.running);
  gauge(
    'knative_lambda_limits_shared',
    '1 while limits are shared through Redis, 0 while Redis is away and this replica limits for itself',
    sources.limitsShared,
  );
  const { deadLetters } = sources;
  if (deadLetters === undefined) return;
  gauge('knative_lambda_dlq_depth', 'Dead letters', async () => (await deadLetters()).depth);
  gauge(
    'knative_lambda_dlq_message_age_seconds',
    'Age of the oldest dead letter',
    async () => (await deadLetters()).oldestAgeMs / 1000,
  );
};

export const createBuilderMetrics = (registry: Registry): BuilderMetrics => {
  const registers = [registry];
  const histograms = createHistograms(registers);
  const counters = createCounters(registers);
  const request = createRequestRate(registers);
  const ended = createSuccessRate(registers);
  return {
    eventEnded: (type, outcome, seconds) => {
      request();
      histograms.events.observe({ type, outcome }, seconds);
    },
    errorAnswered: (code) => counters.errors.inc({ code }),
    limitMet: (limit) => counters.limits.inc({ limit }),
    contextPacked: (seconds) => histograms.packing.observe(seconds),
    buildEnded: (runtime, outcome, seconds) => {
      if (seconds !== undefined) histograms.builds.observe({ runtime, outcome }, seconds);
      if (outcome !== 'cancelled') ended(outcome === 'complete');
    },
    coldStarted: (runtime, seconds) => histograms.coldStarts.observe({ runtime }, seconds),
    observe: (sources) => observe(registers, sources),
  };
};
