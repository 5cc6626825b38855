// Who takes the letters: the bundled consumer, or a bare loop, as a process on the measured core.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Cores } from '../support/cores.ts';
import { startServer } from '../support/server-process.ts';
import type { QueueNames } from '../../src/adapters/rabbitmq/topology.ts';

export const bundle = join(import.meta.dirname, '../../dist/dlq-consumer/main.js');
/** The old generation that Node chooses in a container of 128 MiB, and the new one of the manifest; for both sides alike. */
const flags = ['--max-old-space-size=64', '--max-semi-space-size=8'];
export const prefetch = 200;
export const concurrency = 50;

export type Contestant = { pid: number; url: string; startedInMs: number; stop(): Promise<void> };

export type Surroundings = { amqpUrl: string; names: QueueNames; sink: string };

export const startConsumer = (cores: Cores, { amqpUrl, names, sink }: Surroundings): Promise<Contestant> =>
  startServer(cores, {
    script: [...flags, bundle],
    readyPath: '/readyz',
    environment: {
      AMQP_URL: amqpUrl,
      BROKER_URL: sink,
      DLQ_NAME: names.fresh,
      DLQ_DELAYS_MS: '1',
      DLQ_ALLOWED_DESTINATIONS: '127.0.0.1',
      DLQ_RATE_PER_SECOND: '0',
      DLQ_PREFETCH: String(prefetch),
      DLQ_CONCURRENCY: String(concurrency),
      LOG_LEVEL: 'info',
      // As in the image.
      MALLOC_ARENA_MAX: '2',
    },
  });

export const startBare = async (
  cores: Cores,
  script: 'bare-parking.ts' | 'bare-redelivery.ts',
  { amqpUrl, names, sink }: Surroundings,
): Promise<Contestant> => {
  const [program = '', ...parameters] = cores.onMeasured([process.execPath, ...flags, join(import.meta.dirname, script)]);
  const env = {
    PATH: process.env.PATH,
    AMQP_URL: amqpUrl,
    FROM: names.fresh,
    TO: names.parked,
    DELAY: names.delays[0]?.name,
    DUE: names.due,
    SINK: sink,
    PREFETCH: String(prefetch),
    CONCURRENCY: String(concurrency),
  };
  const child = spawn(program, parameters, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = once(child, 'exit');
  await once(child, 'spawn');
  return {
    pid: child.pid ?? 0,
    url: '',
    startedInMs: 0,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
};
