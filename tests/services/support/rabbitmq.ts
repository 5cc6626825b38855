// The RabbitMQ that tests run against: AMQP_URL, or the project's own node, started once and left running for the next test file.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from 'amqplib';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');
const script = join(root, 'scripts/services/rabbitmq.sh');

/** A command for a node of the project's own; the node is chosen by its port. */
const command = async (port: number, ...parameters: string[]): Promise<string> => {
  const folder = join(root, `.cache/services/rabbitmq-${port}`);
  const env = { ...process.env, RABBITMQ_PORT: String(port), RABBITMQ_FOLDER: folder };
  const { stdout } = await run(script, parameters, { timeout: 120_000, env });
  return stdout.trim();
};

const sharedPort = 21672;
const privatePort = 22672;

const isThere = async (url: string): Promise<boolean> => {
  try {
    await (await connect(url, { timeout: 5_000 })).close();
    return true;
  } catch {
    return false;
  }
};

type Found = { url: string } | { missing: string };

const startNode = async (port: number): Promise<Found> => {
  try {
    return { url: await command(port, 'start') };
  } catch (error) {
    return { missing: `RabbitMQ can't be started: ${error instanceof Error ? error.message : String(error)}` };
  }
};

/** Skipped with the reason; where services are required, a failure. */
const report = (found: Found): Found => {
  if ('url' in found) return found;
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(found.missing);
  console.warn(`skipped: ${found.missing}`);
  return found;
};

/** AMQP_URL, or a node of the project's own that is left running for the next test file. */
export const findSharedBroker = async (): Promise<Found> => {
  const given = process.env.AMQP_URL;
  if (given === undefined || given === '') return report(await startNode(sharedPort));
  return report((await isThere(given)) ? { url: given } : { missing: `AMQP_URL=${given} does not answer` });
};

/** A node that may be stopped, and in which alarms may be raised: nobody else uses it. */
export const startPrivateBroker = async (): Promise<Found & { command: (...parameters: string[]) => Promise<string> }> => ({
  ...report(await startNode(privatePort)),
  command: (...parameters) => command(privatePort, ...parameters),
});
