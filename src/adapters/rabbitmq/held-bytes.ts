// How much of what the broker sends is held in memory. Prefetch counts messages, and fifty of them can be half a gigabyte:
// beyond the limit the socket is not read any more, and TCP makes the broker wait.
import type { ChannelModel } from 'amqplib';
import { survivingHeaders, type FrameReader } from './frame-reader.ts';

export type HeldBytes = {
  add(bytes: number): void;
  release(bytes: number): void;
};

const readerOf = (connection: ChannelModel): FrameReader => connection.connection as unknown as FrameReader;

/** @param limit bytes; a single message may be larger, it is then the only one */
export const limitHeldBytes = (connection: ChannelModel, limit: number): HeldBytes => {
  const reader = readerOf(connection);
  const receive = survivingHeaders(reader);
  let held = 0;
  reader.recvFrame = () => (held > limit ? false : receive());
  // Heartbeats wait behind what is not read: silence means nothing then, and must not end the session. The publishing connection,
  // which is always read, notices a broker that is gone.
  let heard = reader.recvSinceLastCheck;
  Object.defineProperty(reader, 'recvSinceLastCheck', {
    get: () => heard || held > limit,
    set: (value: boolean) => void (heard = value),
  });
  return {
    add: (bytes) => void (held += bytes),
    release: (bytes) => {
      const wasFull = held > limit;
      held -= bytes;
      // What the socket has is read now; it would not say "readable" again by itself.
      if (wasFull && held <= limit) setImmediate(() => reader.stream.emit('readable'));
    },
  };
};
