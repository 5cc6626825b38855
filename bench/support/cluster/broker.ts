// A broker by Knative's rules: it takes an event by answering 202, delivers it to one of the builders, publishes what they reply, and
// what five retries could not deliver becomes a dead letter. It forgets nothing: it is not it that is under test.
import { setTimeout as sleep } from 'node:timers/promises';
import { createEventPoster, type Answer } from '../../../src/adapters/http/post-event.ts';
import { createTurns } from '../../../src/adapters/kubernetes/turns.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { readRequest } from '../../../src/core/http-binding.ts';
import { takeEvents } from './ingress.ts';

export type Broker = {
  url: string;
  /** All that was published, in order. */
  events: CloudEvent[];
  take: (event: CloudEvent) => void;
  /** Events that no builder took in six tries. */
  dead: { event: CloudEvent; because: string }[];
  /** Answers that a broker takes for a delivery, and that say it was none. */
  dropped: { event: CloudEvent; status: number }[];
  /** Deliveries that are owed. */
  owed(): number;
  retries(): number;
  close(): Promise<void>;
};

type Deps = {
  /** Address of a builder that is ready, as a service chooses it; undefined when there is none. */
  choose: () => string | undefined;
  /** Told of each try. */
  offered?: (event: CloudEvent) => void;
};

const deliveredTypes = new Set([
  ...['build.start', 'parser.start', 'job.start', 'build.cancel', 'service.delete'],
  ...['build.complete', 'build.failed', 'build.timeout'],
]);

const isForBuilder = ({ type }: CloudEvent): boolean =>
  type.startsWith('dev.knative.apiserver.resource.') || deliveredTypes.has(type.replace('network.notifi.lambda.', ''));

const maxRetries = 5;
const backoffMs = 1_000;
const timeoutMs = 30_000;
const parallel = 24;
/** The activator holds a request while no replica is ready. */
const heldMs = 10_000;

const isRetried = (status: number): boolean => [404, 408, 409, 429].includes(status) || status >= 500;

type Try = { because: string } | { status: number; reply?: CloudEvent };

const answerOf = ({ status, headers, rawHeaders, body }: Answer): Try => {
  if (isRetried(status)) return { because: `${status} ${body.toString('utf8').slice(0, 300)}` };
  if (headers['ce-id'] === undefined) return { status };
  const reply = readRequest(rawHeaders, headers['content-type'], body);
  return reply.mode === 'batch' ? { status } : { status, reply: reply.event };
};

const createDelivery = ({ choose, offered }: Deps) => {
  const poster = createEventPoster({ userAgent: 'drill-broker', maxSockets: 100, maxAnswerBytes: 2 ** 20 });

  const someBuilder = async (): Promise<string> => {
    const begun = performance.now();
    for (;;) {
      const address = choose();
      if (address !== undefined) return address;
      if (performance.now() - begun > heldMs) throw new Error('No builder is ready');
      await sleep(50);
    }
  };

  return {
    tryOnce: async (event: CloudEvent): Promise<Try> => {
      offered?.(event);
      try {
        return answerOf(await poster.post(new URL(`${await someBuilder()}/cloudevents?delivery=broker`), event, timeoutMs));
      } catch (thrown) {
        return { because: String(thrown) };
      }
    },
    close: (): void => poster.close(),
  };
};

export const startBroker = async (deps: Deps): Promise<Broker> => {
  const delivery = createDelivery(deps);
  const turns = createTurns(parallel);
  const never = new AbortController().signal;
  const [events, dead, dropped]: [CloudEvent[], Broker['dead'], Broker['dropped']] = [[], [], []];
  let owed = 0;
  let retries = 0;

  const deliver = async (event: CloudEvent): Promise<void> => {
    for (let tries = 0; ; tries++) {
      const tried = await turns(() => delivery.tryOnce(event), never);
      if ('status' in tried) {
        if (tried.status > 299) dropped.push({ event, status: tried.status });
        if (tried.reply !== undefined) take(tried.reply);
        return;
      }
      if (tries === maxRetries) {
        dead.push({ event, because: tried.because });
        return;
      }
      retries++;
      await sleep(backoffMs * 2 ** tries);
    }
  };

  const take = (event: CloudEvent): void => {
    events.push(event);
    if (!isForBuilder(event)) return;
    owed++;
    void deliver(event).finally(() => owed--);
  };

  const ingress = await takeEvents(take);
  return {
    url: ingress.url,
    ...{ events, dead, dropped, take },
    owed: () => owed,
    retries: () => retries,
    close: async () => {
      await ingress.close();
      delivery.close();
    },
  };
};
