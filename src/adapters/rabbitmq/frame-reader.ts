// Reads what the broker sends, a frame at a time. A message whose headers amqplib can't decode, such as arrays nested five thousand deep,
// would end the connection, and again each time the broker hands it out: it is read without its headers instead.

/** The part of amqplib's connection that reads, whenever its socket is readable. `rest` is what it has not taken yet. */
export type FrameReader = {
  recvFrame: () => unknown;
  rest: Buffer;
  stream: NodeJS.ReadableStream;
  recvSinceLastCheck: boolean;
};

/** Stands where the headers were, and says why they are not there. */
export const undecodableHeader = 'x-dlq-undecodable';

/** Type 2; the channel and the payload's length; class 60 (basic), weight and length of the content; properties; the end. */
const headerFrame = 2;
const basicClass = 60;
const frameBytes = 8;

const isWholeHeaderFrame = (bytes: Buffer): boolean =>
  bytes.length >= frameBytes + 12 && bytes[0] === headerFrame && bytes.length >= frameBytes + bytes.readUInt32BE(3);

const withoutHeaders = (frame: Buffer, thrown: unknown) => ({
  id: basicClass,
  channel: frame.readUInt16BE(1),
  size: Number(frame.readBigInt64BE(11)),
  fields: { headers: { [undecodableHeader]: thrown instanceof Error ? thrown.message : String(thrown) } },
});

/** What replaces `recvFrame`. */
export const survivingHeaders = (reader: FrameReader): (() => unknown) => {
  const receive = reader.recvFrame.bind(reader);
  return () => {
    const before = reader.rest;
    try {
      return receive();
    } catch (thrown) {
      // A frame that was not even taken off is no frame: nobody knows where the next one begins.
      if (reader.rest === before || !isWholeHeaderFrame(before)) throw thrown;
      return withoutHeaders(before, thrown);
    }
  };
};
