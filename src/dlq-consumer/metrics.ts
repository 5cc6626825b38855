// What the dead letters' consumer measures. Labels are closed sets: no destination, tenant or id ever becomes one.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Category } from '../core/dead-letter.ts';
import type { Depths } from '../core/letter-flow.ts';
import type { CircuitStates } from './circuits.ts';

/** What became of a letter in hand. */
export type LetterOutcome = 'delayed' | 'parked' | 'delivered' | 'archived';

type Observed = {
  /** Undefined while the broker can't be asked. */
  depths: () => Depths | undefined;
  /** Rejects while it is not known. */
  oldestAgeMs: () => Promise<number>;
  circuits: () => CircuitStates;
  connected: () => boolean;
};

export type DlqMetrics = {
  /** Letters that came in over HTTP and are durably in the queue. */
  accepted(count: number): void;
  letter(category: Category, outcome: LetterOutcome): void;
  /** How many deliveries a letter had when it was parked or delivered. */
  attempts(outcome: 'parked' | 'delivered', count: number): void;
  redelivered(outcome: 'delivered' | Category, seconds: number): void;
  /** A letter waits again, because its destination is down or busy. */
  deferred(): void;
  reconnected(): void;
  /** Read when Prometheus asks. */
  observe(sources: Observed): void;
};

const createCounters = (registers: Registry[]) => ({
  accepted: new Counter({
    name: 'knative_lambda_dlq_accepted_total',
    help: 'Letters that came in over HTTP and were confirmed by RabbitMQ',
    registers,
  }),
  letters: new Counter({
    name: 'knative_lambda_dlq_letters_total',
    help: 'Letters by category and what became of them',
    labelNames: ['category', 'outcome'],
    registers,
  }),
  redeliveries: new Counter({
    name: 'knative_lambda_dlq_redeliveries_total',
    help: 'Deliveries that were tried, by how they ended: delivered, or the category of the failure',
    labelNames: ['outcome'],
    registers,
  }),
  deferrals: new Counter({
    name: 'knative_lambda_dlq_deferrals_total',
    help: 'Letters that waited again without a try, since their destination was down or busy',
    registers,
  }),
  reconnects: new Counter({
    name: 'knative_lambda_dlq_reconnects_total',
    help: 'Sessions with RabbitMQ that were opened after the first one',
    registers,
  }),
});

const createHistograms = (registers: Registry[]) => ({
  attempts: new Histogram({
    name: 'knative_lambda_dlq_attempts',
    help: 'Deliveries of a letter until it was parked or delivered',
    labelNames: ['outcome'],
    buckets: [0, 1, 2, 3, 4, 5, 8, 13],
    registers,
  }),
  seconds: new Histogram({
    name: 'knative_lambda_dlq_redelivery_duration_seconds',
    help: 'From the request to the answer of the subscriber, with its reply handed on',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers,
  }),
});

const observe = (registers: Registry[], { depths, oldestAgeMs, circuits, connected }: Observed): void => {
  new Gauge({
    name: 'knative_lambda_dlq_depth',
    help: 'Letters by the place where they are; absent while RabbitMQ can not be asked',
    labelNames: ['place'],
    registers,
    collect() {
      this.reset();
      for (const [place, count] of Object.entries(depths() ?? {})) this.set({ place }, count);
    },
  });
  new Gauge({
    name: 'knative_lambda_dlq_message_age_seconds',
    help: 'Since the last failure of the parked letter that waits longest; 0 when none is parked',
    registers,
    async collect() {
      const ageMs = await oldestAgeMs().catch(() => undefined);
      if (ageMs === undefined) this.remove();
      else this.set(ageMs / 1000);
    },
  });
  new Gauge({
    name: 'knative_lambda_dlq_circuits',
    help: 'Destinations by the state of their circuit',
    labelNames: ['state'],
    registers,
    collect() {
      for (const [state, count] of Object.entries(circuits())) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'knative_lambda_dlq_connected',
    help: '1 while letters are consumed and confirmed',
    registers,
    collect() {
      this.set(connected() ? 1 : 0);
    },
  });
};

export const createDlqMetrics = (registry: Registry): DlqMetrics => {
  const registers = [registry];
  const counters = createCounters(registers);
  const histograms = createHistograms(registers);
  return {
    accepted: (count) => counters.accepted.inc(count),
    letter: (category, outcome) => counters.letters.inc({ category, outcome }),
    attempts: (outcome, count) => histograms.attempts.observe({ outcome }, count),
    redelivered: (outcome, seconds) => {
      counters.redeliveries.inc({ outcome });
      histograms.seconds.observe(seconds);
    },
    deferred: () => counters.deferrals.inc(),
    reconnected: () => counters.reconnects.inc(),
    observe: (sources) => observe(registers, sources),
  };
};
