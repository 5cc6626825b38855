// The operator's command as a process, against a consumer on a real RabbitMQ.
import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './support/consumer.ts';
import { lettersUnderTest } from './support/letters-under-test.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';
const suite = 'url' in broker ? describe : describe.skip;

const main = join(import.meta.dirname, '../../src/cli/main.ts');
const token = 'a-token-of-this-test';

suite('the command of the operator', () => {
  const letters = lettersUnderTest(amqpUrl);

  const dlq = async (line: string, given = token): Promise<{ code: number; stdout: string; stderr: string }> => {
    const env = { PATH: process.env.PATH, DLQ_URL: letters.consumer.address, DLQ_TOKEN: given, DLQ_OPERATOR: 'test' };
    try {
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [main, 'dlq', ...line.split(' ')], { env });
      return { code: 0, stdout, stderr };
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string };
    }
  };

  test('lists, shows, redrives, purges, counts and cleans up; without the token it does nothing', async () => {
    await letters.start({ DLQ_TOKEN: token, DLQ_RETENTION_LETTERS: '1', DLQ_REDRIVE_PER_SECOND: '100' });
    const sent = Array.from({ length: 6 }, (_, n) => ({
      headers: letters.attributes(`e${n}`, { knativeerrorcode: 400, subject: n < 4 ? 'one' : 'two' }),
    }));
    await letters.publish(sent);
    await until(
      () => letters.consumer.metric('knative_lambda_dlq_depth{place="parked"}'),
      (count) => count === 6,
    );

    expect(await dlq('list', 'another-token-of-16')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^UNAUTHENTICATED: /),
    });
    expect((await dlq('list --function two --limit 1')).stdout).toMatch(/ acme\/two .* e[45] .*\nmore: --cursor \d+\n$/);
    const { dead_letters: listed } = JSON.parse((await dlq('list --json')).stdout) as {
      dead_letters: { id: string; event_id: string }[];
    };
    expect(listed.map(({ event_id: id }) => id).sort()).toEqual(['e0', 'e1', 'e2', 'e3', 'e4', 'e5']);
    const idOf = (event: string): string => listed.find(({ event_id: id }) => id === event)?.id ?? '';
    expect(JSON.parse((await dlq(`show ${idOf('e4')}`)).stdout)).toMatchObject({ event: { id: 'e4' }, history: [] });

    letters.subscriber.answer((response, { id }) => response.writeHead(id === 'e1' ? 400 : 202).end());
    expect((await dlq('redrive --function one')).stdout).toBe(
      '4 letters match; at 100 per second that takes 1 s. With --yes it is done\n',
    );
    expect(letters.subscriber.deliveries).toEqual([]);
    const redriven = await dlq('redrive --function one --yes');
    expect(redriven).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/ended: 3 delivered, 1 came back, 0 skipped\n.*validation/),
    });
    expect((await dlq(`redrive ${idOf('e4')}`)).code).toBe(0);
    await until(
      () => letters.delivered('e4'),
      (all) => all.length === 1,
    );

    expect((await dlq(`purge ${idOf('e5')}`)).code).toBe(2);
    expect((await dlq('purge --function one --confirm 7')).stderr).toMatch(
      /^INVALID_QUERY: "confirm" says 7, but 1 letters match/,
    );
    expect((await dlq(`purge ${idOf('e5')} --yes`)).code).toBe(0);
    expect((await dlq('stats')).stdout).toMatch(/^parked +1$/m);
    await letters.publish([{ headers: letters.attributes('last', { knativeerrorcode: 400 }) }]);
    await until(
      () => letters.consumer.metric('knative_lambda_dlq_depth{place="parked"}'),
      (count) => count === 2,
    );
    expect((await dlq('cleanup')).stdout).toBe('0 archived for their age, 1 for their number, 1 kept\n');
  }, 60_000);
});
