// A RabbitMQ node for the drill alone: it is restarted and killed, which nobody else's node may be.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const script = join(root, 'scripts/services/rabbitmq.sh');

export type BrokerNode = { url: string; command(name: 'restart' | 'kill' | 'start' | 'wipe'): Promise<void> };

export const startBrokerNode = async (): Promise<BrokerNode> => {
  const env = { ...process.env, RABBITMQ_PORT: '46672', RABBITMQ_FOLDER: join(root, '.cache/services/rabbitmq-drill') };
  const call = async (name: string): Promise<string> => (await run(script, [name], { env, timeout: 120_000 })).stdout.trim();
  await call('wipe');
  const url = await call('start');
  const command = async (name: string): Promise<void> => {
    await call(name);
  };
  return { url, command };
};
