// A RabbitMQ node for one drill or benchmark alone: it may be restarted and killed, and nobody else's letters are in it.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const script = join(root, 'scripts/services/rabbitmq.sh');

export type BrokerNode = { url: string; command(name: 'restart' | 'kill' | 'start' | 'wipe'): Promise<void> };

/** @param port it takes this one and the two after it */
export const startBrokerNode = async (port: number): Promise<BrokerNode> => {
  const folder = join(root, `.cache/services/rabbitmq-${port}`);
  const env = { ...process.env, RABBITMQ_PORT: String(port), RABBITMQ_FOLDER: folder };
  const call = async (name: string): Promise<string> => (await run(script, [name], { env, timeout: 120_000 })).stdout.trim();
  await call('wipe');
  const url = await call('start');
  const command = async (name: string): Promise<void> => {
    await call(name);
  };
  return { url, command };
};
