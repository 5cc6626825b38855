// The RabbitMQ that tests run against: AMQP_URL, or the project's own node, started once and left running for the next test file.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { connect } from 'amqplib';

const run = promisify(execFile);
const script = join(import.meta.dirname, '../../../scripts/services/rabbitmq.sh');

/** Commands for the project's own node: those tests that stop it or raise an alarm in it need it. */
export const rabbitmq = async (...command: string[]): Promise<string> => {
  const { stdout } = await run(script, command, { timeout: 120_000 });
  return stdout.trim();
};

const isThere = async (url: string): Promise<boolean> => {
  try {
    await (await connect(url, { timeout: 5_000 })).close();
    return true;
  } catch {
    return false;
  }
};

const find = async (): Promise<{ url: string; isOurs: boolean } | { missing: string }> => {
  const given = process.env.AMQP_URL;
  if (given !== undefined && given !== '') {
    return (await isThere(given)) ? { url: given, isOurs: false } : { missing: `AMQP_URL=${given} does not answer` };
  }
  try {
    return { url: await rabbitmq('start'), isOurs: true };
  } catch (error) {
    return { missing: `RabbitMQ can't be started: ${error instanceof Error ? error.message : String(error)}` };
  }
};

const found = await find();

/** Why these tests can't run here, or undefined. */
export const missingRabbitMq = 'missing' in found ? found.missing : undefined;
export const amqpUrl = 'url' in found ? found.url : '';
export const isOwnNode = 'isOurs' in found && found.isOurs;

if (missingRabbitMq !== undefined) {
  if (process.env.REQUIRE_SERVICES === '1') throw new Error(missingRabbitMq);
  console.warn(`skipped: ${missingRabbitMq}`);
}
