// Sends the letters, each until it is confirmed: what the drill counts must have been promised to someone.
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DrillLetter } from './letters.ts';

type Sender = { connection: ChannelModel; channel: ConfirmChannel };

const open = async (url: string): Promise<Sender> => {
  for (;;) {
    try {
      const connection = await connect(url, { timeout: 2_000 });
      connection.on('error', () => undefined);
      const channel = await connection.createConfirmChannel();
      channel.on('error', () => undefined);
      return { connection, channel };
    } catch {
      await sleep(300);
    }
  }
};

const publish = ({ channel }: Sender, exchange: string, { message }: DrillLetter): Promise<void> =>
  new Promise((resolve, reject) => {
    try {
      channel.publish(exchange, 'drill', message.content, { ...message.properties, mandatory: true }, (error: unknown) =>
        error === null || error === undefined ? resolve() : reject(error instanceof Error ? error : new Error('not confirmed')),
      );
    } catch (thrown) {
      reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  });

const batchSize = 200;

/** Over AMQP, spread over the given time. Answers how many had to be sent again, since it was not known whether they arrived. */
export const sendOverAmqp = async (
  url: string,
  exchange: string,
  letters: readonly DrillLetter[],
  forMs: number,
): Promise<number> => {
  let sender = await open(url);
  let again = 0;
  const pause = forMs / Math.ceil(letters.length / batchSize);
  for (let first = 0; first < letters.length; first += batchSize) {
    let missing = letters.slice(first, first + batchSize);
    while (missing.length > 0) {
      const outcomes = await Promise.allSettled(missing.map((letter) => publish(sender, exchange, letter)));
      missing = missing.filter((_, n) => outcomes[n]?.status === 'rejected');
      if (missing.length === 0) break;
      again += missing.length;
      await sender.connection.close().catch(() => undefined);
      sender = await open(url);
    }
    await sleep(pause);
  }
  await sender.connection.close().catch(() => undefined);
  return again;
};

const headerNames = (headers: Record<string, unknown>): [string, string][] =>
  Object.entries(headers).map(([name, value]) => [`ce-${name}`, String(value)]);

/** As a Knative `deadLetterSink` is sent to: again after anything but 202. */
export const sendOverHttp = async (address: string, letters: readonly DrillLetter[], forMs: number): Promise<number> => {
  let again = 0;
  for (const { message } of letters) {
    for (;;) {
      const { headers, contentType = '' } = message.properties;
      const all = Object.fromEntries([...headerNames(headers), ['content-type', contentType]]) as Record<string, string>;
      const body = new Uint8Array(message.content);
      const status = await fetch(`${address}/dead-letters`, { method: 'POST', headers: all, body }).then(
        async (response) => {
          await response.arrayBuffer();
          return response.status;
        },
        () => 0,
      );
      if (status === 202) break;
      again++;
      await sleep(200);
    }
    await sleep(forMs / letters.length);
  }
  return again;
};
