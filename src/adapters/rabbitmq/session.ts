// One stay with the broker: three connections. A broker that is short of memory or disk stops reading from whoever publishes, and
// acknowledgements must still get through; and a consumer whose hands are full is not read, which must not keep an operator from
// looking at parked letters. Whatever breaks in it ends all of it; the link then opens the next one.
import { connect, type Channel, type ChannelModel } from 'amqplib';
import { gatherWrites } from './gather-writes.ts';
import { limitHeldBytes, type HeldBytes } from './held-bytes.ts';
import { createPublisher, type Publisher } from './publisher.ts';

export type SessionOptions = {
  url: string;
  /** Shown in the broker's list of connections. */
  connectionName: string;
  heartbeatSeconds: number;
  connectTimeoutMs: number;
  maxHeldBytes: number;
};

export type Session = {
  readonly publisher: Publisher;
  /** For declaring and counting: requests and their answers. */
  readonly control: Channel;
  /** Letters in hand, of all consumers together. */
  readonly held: HeldBytes;
  /** Parked letters that are being read. */
  readonly heldByReaders: HeldBytes;
  /** A channel of its own for each consumer. When it ends, the session does. */
  openConsumer(prefetch: number): Promise<Channel>;
  /** The same for whoever only reads along. */
  openFollower(prefetch: number): Promise<Channel>;
  /** A channel for reading that may fail alone. */
  openReader(prefetch: number): Promise<Channel>;
  /** Resolves with the reason when the session is over. */
  readonly ended: Promise<string>;
  end(reason: string): void;
  /** Waits until everything that was sent has arrived. */
  close(): Promise<void>;
};

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

const openConnection = (
  { url, connectionName, heartbeatSeconds, connectTimeoutMs }: SessionOptions,
  role: string,
): Promise<ChannelModel> => {
  const address = new URL(url);
  // Short enough that a broker behind a dead network is noticed, long enough that a busy process is not taken for dead.
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(heartbeatSeconds));
  return connect(address.href, {
    timeout: connectTimeoutMs,
    keepAlive: true,
    noDelay: true,
    clientProperties: { connection_name: `${connectionName} ${role}` },
  });
};

/** Waits for the close to be answered, but not for a broker that does not answer any more. */
const closeOrGiveUp = async (connection: ChannelModel): Promise<void> => {
  const deadline = new Promise<void>((resolve) => setTimeout(resolve, 2_000).unref());
  await Promise.race([connection.close().catch(() => undefined), deadline]);
};

export type SessionEvents = { blocked(reason: string): void; unblocked(): void };

const roles = ['consumer', 'reader', 'publisher'] as const;
type Connections = Record<(typeof roles)[number], ChannelModel>;

/** All or none. */
const openAll = async (options: SessionOptions): Promise<Connections> => {
  const opened: Partial<Connections> = {};
  try {
    for (const role of roles) opened[role] = await openConnection(options, role);
    return opened as Connections;
  } catch (thrown) {
    await Promise.all(Object.values(opened).map(closeOrGiveUp));
    throw thrown;
  }
};

const openChannel = async (connection: ChannelModel, prefetch: number): Promise<Channel> => {
  const channel = await connection.createChannel();
  await channel.prefetch(prefetch);
  return channel;
};

/** @throws what amqplib throws when there is no broker, or it refuses us; nothing of it is open then */
export const openSession = async (options: SessionOptions, events: SessionEvents): Promise<Session> => {
  const connections = await openAll(options);
  try {
    return await sessionOver(connections, options, events);
  } catch (thrown) {
    await Promise.all(Object.values(connections).map(closeOrGiveUp));
    throw thrown;
  }
};

const sessionOver = async (
  { consumer, reader, publisher: publishing }: Connections,
  options: SessionOptions,
  events: SessionEvents,
): Promise<Session> => {
  const { promise: ended, resolve: end } = Promise.withResolvers<string>();
  for (const connection of [consumer, reader, publishing]) {
    gatherWrites(connection);
    connection.on('error', (error) => end(messageOf(error)));
    connection.on('close', (error) => end(error === undefined ? 'the connection was closed' : messageOf(error)));
  }
  publishing.on('blocked', (reason) => events.blocked(reason));
  publishing.on('unblocked', () => events.unblocked());

  const watched = <C extends Channel>(channel: C): C => {
    channel.on('error', (error) => end(messageOf(error)));
    channel.on('close', () => end('a channel was closed'));
    return channel;
  };
  const publisher = createPublisher(watched(await publishing.createConfirmChannel()), end);
  void ended.then((reason) => publisher.abandon(reason));
  return {
    publisher,
    control: watched(await publishing.createChannel()),
    held: limitHeldBytes(consumer, options.maxHeldBytes),
    heldByReaders: limitHeldBytes(reader, options.maxHeldBytes),
    openConsumer: async (prefetch) => watched(await openChannel(consumer, prefetch)),
    openFollower: async (prefetch) => watched(await openChannel(reader, prefetch)),
    openReader: async (prefetch) => {
      const channel = await openChannel(reader, prefetch);
      channel.on('error', () => undefined);
      return channel;
    },
    ended,
    end,
    close: async () => {
      end('closed by us');
      await Promise.all([consumer, reader, publishing].map(closeOrGiveUp));
    },
  };
};
