// Publishing that knows its outcome: a promise for each message, kept when the broker has it durably and broken when that is not sure.
import type { ConfirmChannel } from 'amqplib';
import { CodedError } from '../../core/errors.ts';
import type { Outgoing } from './event-message.ts';

export type Publisher = {
  /** Resolves with the broker's confirm. Rejects with BROKER_UNAVAILABLE: the message may or may not be there. */
  publish(exchange: string, routingKey: string, message: Outgoing): Promise<void>;
  /** Messages without an outcome yet. */
  readonly pending: number;
  /** Breaks the promise of every pending message. */
  abandon(reason: string): void;
};

const unavailable = (reason: string, cause?: unknown): CodedError =>
  new CodedError('BROKER_UNAVAILABLE', `The broker did not confirm: ${reason}`, { cause });

/** @param onLost called when a message was returned: a queue is not where it should be */
export const createPublisher = (channel: ConfirmChannel, onLost: (reason: string) => void): Publisher => {
  const waiting = new Set<(error: CodedError) => void>();
  let ended: string | undefined;

  const abandon = (reason: string): void => {
    ended ??= reason;
    for (const reject of waiting) reject(unavailable(reason));
    waiting.clear();
  };

  // RabbitMQ confirms a message that no queue took, right after returning it. So on a return nothing that waits may be
  // believed any more: all of it is copied again once the topology is declared anew.
  channel.on('return', ({ fields }: { fields: { routingKey: string } }) => {
    const reason = `there is no queue "${fields.routingKey}"`;
    abandon(reason);
    onLost(reason);
  });

  return {
    publish: (exchange, routingKey, { content, properties }) =>
      new Promise<void>((resolve, reject) => {
        if (ended !== undefined) {
          reject(unavailable(ended));
          return;
        }
        waiting.add(reject);
        try {
          channel.publish(exchange, routingKey, content, { ...properties, mandatory: true }, (error: unknown) => {
            if (!waiting.delete(reject)) return;
            if (error === null || error === undefined) resolve();
            else reject(unavailable('it refused the message', error));
          });
        } catch (thrown) {
          waiting.delete(reject);
          reject(unavailable('the channel is closed', thrown));
        }
      }),
    get pending() {
      return waiting.size;
    },
    abandon,
  };
};
