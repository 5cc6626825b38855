// A session without a broker: what is published is noted, and what is consumed is what a test hands out.
import type { ConsumeMessage } from 'amqplib';
import type { Outgoing } from '../../../../src/adapters/rabbitmq/event-message.ts';
import type { Session } from '../../../../src/adapters/rabbitmq/session.ts';

export type FakeSession = {
  session: Session;
  published: { queue: string; message: Outgoing }[];
  /** To whoever consumes: the follower, or the last reader. */
  hand: (message: Outgoing, position: number) => void;
  end: (reason: string) => void;
  /** Callbacks that wait for the session's end. */
  readonly reactions: number;
};

/** @param confirm called with each message that is published: its promise is the broker's confirm */
export const fakeSession = (
  confirm: (queue: string, message: Outgoing) => Promise<void> = () => Promise.resolve(),
): FakeSession => {
  const published: FakeSession['published'] = [];
  let receive: (message: ConsumeMessage) => void = () => undefined;
  let reactions = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  const then = ended.then.bind(ended);
  ended.then = ((...callbacks: Parameters<typeof then>) => {
    reactions++;
    return then(...callbacks);
  }) as typeof ended.then;
  const channel = {
    consume: (_queue: string, consumer: typeof receive) => {
      receive = consumer;
      return Promise.resolve({ consumerTag: 'tag' });
    },
    ack: () => undefined,
    on: () => undefined,
    close: () => Promise.resolve(),
  };
  const session = {
    publisher: {
      publish: (_exchange: string, queue: string, message: Outgoing) => {
        published.push({ queue, message });
        return confirm(queue, message);
      },
    },
    heldByReaders: { add: () => undefined, release: () => undefined },
    openFollower: () => Promise.resolve(channel),
    openReader: () => Promise.resolve(channel),
    ended,
    end,
  } as unknown as Session;
  return {
    session,
    published,
    hand: ({ content, properties }, position) => {
      const headers = { ...properties.headers, 'x-stream-offset': position };
      receive({ content, properties: { ...properties, headers } } as unknown as ConsumeMessage);
    },
    end,
    get reactions() {
      return reactions;
    },
  };
};
