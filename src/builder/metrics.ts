// What the builder measures. Labels are closed sets: no id of a tenant, a function or a build ever becomes one.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { EndStatus } from '../core/build.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { EventName } from '../core/events.ts';
import type { Runtime } from '../core/source.ts';

export type EventOutcome = 'accepted' | 'done' | 'refused' | 'retryable';
export type LimitName = 'tenant' | 'global' | 'packing' | 'storage' | 'queue';

export type BuilderMetrics = {
  eventEnded(type: EventName | 'unknown', outcome: EventOutcome, seconds: number): void;
  errorAnswered(code: ErrorCode): void;
  limitMet(limit: LimitName): void;
  contextPacked(seconds: number): void;
  buildEnded(runtime: Runtime, outcome: EndStatus, seconds: number): void;
  coldStarted(runtime: Runtime, seconds: number): void;
  /** Read when Prometheus asks. */
  observe(sources: {
    queued(): Promise<number>;
    running(): Promise<number>;
    deadLetters(): Promise<{ depth: number; oldestAgeMs: number }>;
  }): void;
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
const ratioOver = 100;

export const createBuilderMetrics = (registry: Registry): BuilderMetrics => {
  const registers = [registry];
  const events = new Histogram({
    name: 'knative_lambda_event_processing_time_seconds',
    help: 'From the parsed request to the answer, by event type and outcome',
    labelNames: ['type', 'outcome'],
    buckets: secondsUntil.request,
    registers,
  });
  const refusals = new Counter({
    name: 'knative_lambda_errors_total',
    help: 'Answers that are errors, by code',
    labelNames: ['code'],
    registers,
  });
  const limits = new Counter({
    name: 'knative_lambda_limited_total',
    help: 'Events that met a limit, by limit',
    labelNames: ['limit'],
    registers,
  });
  const packing = new Histogram({
    name: 'knative_lambda_context_packing_seconds',
    help: 'From reading the source to the stored build context',
    buckets: secondsUntil.build,
    registers,
  });
  const builds = new Histogram({
    name: 'knative_lambda_build_duration_seconds',
    help: 'From the start of a build to its end, by runtime and outcome',
    labelNames: ['runtime', 'outcome'],
    buckets: secondsUntil.build,
    registers,
  });
  const coldStarts = new Histogram({
    name: 'knative_lambda_cold_start_duration_seconds',
    help: 'From starting a replica to its first ready answer, by runtime',
    labelNames: ['runtime'],
    buckets: secondsUntil.request,
    registers,
  });
  const requests = createWindow(60);
  new Gauge({
    name: 'knative_lambda_request_rate',
    help: 'Events per second, over the last minute',
    registers,
    collect() {
      this.set(requests.perSecond());
    },
  });
  const lastBuilds: boolean[] = [];
  new Gauge({
    name: 'knative_lambda_build_success_rate',
    help: `Share of the last ${ratioOver} builds that completed; absent before the first one ended`,
    registers,
    collect() {
      this.reset();
      if (lastBuilds.length > 0) this.set(lastBuilds.filter(Boolean).length / lastBuilds.length);
      else this.remove();
    },
  });
  return {
    eventEnded: (type, outcome, seconds) => {
      requests.add();
      if (requests.size() > 120) requests.forget();
      events.observe({ type, outcome }, seconds);
    },
    errorAnswered: (code) => refusals.inc({ code }),
    limitMet: (limit) => limits.inc({ limit }),
    contextPacked: (seconds) => packing.observe(seconds),
    buildEnded: (runtime, outcome, seconds) => {
      builds.observe({ runtime, outcome }, seconds);
      if (outcome === 'cancelled') return;
      lastBuilds.push(outcome === 'complete');
      if (lastBuilds.length > ratioOver) lastBuilds.shift();
    },
    coldStarted: (runtime, seconds) => coldStarts.observe({ runtime }, seconds),
    observe: (sources) => observeGauges(registry, sources),
  };
};

const observeGauges = (registry: Registry, sources: Parameters<BuilderMetrics['observe']>[0]): void => {
  const gauge = (name: string, help: string, read: () => Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
  gauge('knative_lambda_queue_depth', 'Builds that wait for their turn', sources.queued);
  gauge('knative_lambda_builds_running', 'Builds that run now', sources.running);
  gauge('knative_lambda_dlq_depth', 'Dead letters', async () => (await sources.deadLetters()).depth);
  gauge(
    'knative_lambda_dlq_message_age_seconds',
    'Age of the oldest dead letter',
    async () => (await sources.deadLetters()).oldestAgeMs / 1000,
  );
};
