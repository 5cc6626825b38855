// npm run drill:dlq: 20,000 letters, a subscriber that fails in every way and comes back, a consumer that is killed ten times and a
// RabbitMQ that is restarted three times. Nothing may be lost. LETTERS chooses another number.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../support/free-port.ts';
import { account, listArchived, listParked, type Account } from './account.ts';
import { startBrokerNode, type BrokerNode } from '../../support/broker-node.ts';
import { startConsumerProcess, type ConsumerProcess } from './consumer-process.ts';
import { letterNumber } from './letters.ts';
import { sendOverAmqp, sendOverHttp } from './send.ts';
import { startSubscriber } from './subscriber.ts';

const count = Number(process.env.LETTERS ?? 20_000);
const kills = 10;
const restarts = 3;
const delays = [500, 1_000, 2_000, 3_000, 5_000];
const concurrency = 50;
const prefetch = 200;
const say = (text: string): void => console.log(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${text}`);

const folder = await mkdtemp(join(tmpdir(), 'drill-dlq-'));
const broker = await startBrokerNode(24_672);
const subscriber = await startSubscriber();
const consumer = startConsumerProcess(
  {
    AMQP_URL: broker.url,
    BROKER_URL: subscriber.addresses.broker,
    DLQ_DELAYS_MS: delays.join(','),
    DLQ_ALLOWED_DESTINATIONS: '127.0.0.1',
    DLQ_RATE_PER_SECOND: '0',
    DLQ_CONCURRENCY: String(concurrency),
    DLQ_PREFETCH: String(prefetch),
    DLQ_DELIVERY_TIMEOUT_SECONDS: '2',
    DLQ_CIRCUIT_OPEN_MS: '1000',
    DLQ_CIRCUIT_MAX_OPEN_MS: '4000',
    DLQ_RETENTION_LETTERS: String(Math.round(count / 20)),
    ARCHIVE_DIR: join(folder, 'archive'),
    LOG_LEVEL: 'warn',
  },
  await freePort(),
  join(folder, 'consumer.log'),
);

/** Ten deaths, at moments that nobody chose, and between them three of the broker: twice orderly, once as a power cut. */
const disturb = async (process: ConsumerProcess, node: BrokerNode): Promise<void> => {
  for (let n = 1; n <= kills; n++) {
    await sleep(3_000 + Math.random() * 6_000);
    await process.killAndStart();
    say(`killed the consumer (${n} of ${kills})`);
    if (n % 3 !== 0) continue;
    await sleep(2_000);
    if (n === 6) {
      await node.command('kill');
      await node.command('start');
    } else await node.command('restart');
    say(`${n === 6 ? 'killed' : 'stopped'} RabbitMQ and started it again (${n / 3} of ${restarts})`);
  }
};

const settle = async (): Promise<void> => {
  let quiet = 0;
  while (quiet < 3) {
    await sleep(1_500);
    const { places } = (await consumer.ask('GET', '/dead-letters/stats')) as { places: Record<string, number> };
    const moving = (places.fresh ?? 0) + (places.due ?? 0) + (places.waiting ?? 0) + (places.archive ?? 0);
    quiet = moving === 0 ? quiet + 1 : 0;
    say(`under way ${moving}, parked ${places.parked ?? 0}, in the archive queue ${places.archive ?? 0}`);
  }
};

const report = (result: Account, sentAgain: number): void => {
  const bound = (kills + restarts) * (concurrency + prefetch) + sentAgain;
  console.log(`
letters sent                 ${result.sent} (${sentAgain} of them again, since no confirm had come)
ended redelivered            ${result.redelivered}
ended parked                 ${result.parked}
ended archived               ${result.archived}
lost                         ${result.lost.length}${result.lost.length === 0 ? '' : `: ${result.lost.slice(0, 20).join(', ')}`}
taken more than once         ${result.takenTwice}
taken and kept as well       ${result.takenAndKept}
attempts that were repeated  ${result.repeatedAttempts}
  A process that dies between a confirmed copy, or an answer, and its acknowledgement leaves a duplicate of what it had in hand:
  ${kills} kills and ${restarts} restarts with up to ${concurrency} deliveries and ${prefetch} judgements each, and what was sent again: at most ${bound} letters.
tried more than ${delays.length} times       ${result.overtried.length}
replies that are missing     ${result.repliesMissing.length}`);
  const good =
    result.lost.length === 0 &&
    result.overtried.length === 0 &&
    result.repliesMissing.length === 0 &&
    result.takenTwice + result.takenAndKept <= bound &&
    result.sent <= result.redelivered + result.parked + result.archived;
  console.log(good ? '\nconserved' : '\nNOT conserved');
  process.exitCode = good ? 0 : 1;
};

const letters = Array.from({ length: count }, (_, n) => letterNumber(n, subscriber.addresses));
// Unreadable ones come over AMQP only: what is posted is an event.
const overHttp = letters.filter(({ kind }, n) => n % 10 === 3 && kind !== 'unreadable');
const overAmqp = letters.filter((letter) => !overHttp.includes(letter));
await consumer.ask('GET', '/readyz');
say(`sending ${overAmqp.length} letters over AMQP and ${overHttp.length} over HTTP`);
const sending = Promise.all([
  sendOverAmqp(broker.url, 'knative-lambda-dlq-exchange', overAmqp, 40_000),
  sendOverHttp(consumer.address, overHttp, 40_000),
]);
const disturbing = disturb(consumer, broker);
setTimeout(() => {
  subscriber.heal();
  say('the subscriber works again');
}, 45_000);
const [againAmqp, againHttp] = await sending;
say('all are sent');
await disturbing;
await settle();
say(`cleanup: ${JSON.stringify(await consumer.ask('POST', '/dead-letters/cleanup'))}`);
await settle();
report(
  account(letters, subscriber, await listParked(consumer), await listArchived(join(folder, 'archive')), delays.length),
  againAmqp + againHttp,
);
say(`the consumer stopped with ${await consumer.stop()}; its log is ${folder}/consumer.log`);
await subscriber.close();
await broker.command('wipe');
if (process.exitCode === 0) await rm(folder, { recursive: true });
