// Speaks HTTP/1.1 byte by byte, so that a case can say exactly what is on the wire: a client library would tidy it.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ResponseReader, type HttpResponse } from './http-response.ts';

export type Header = readonly [name: string, value: string];

export interface HttpRequest {
  readonly method?: string;
  readonly path?: string;
  /** values are bytes in latin1, as headers are */
  readonly headers?: readonly Header[];
  readonly body?: string | Uint8Array;
  /** send the body in pieces of this many bytes, each its own packet */
  readonly pieceBytes?: number;
  /** send it with `Transfer-Encoding: chunked`, which hides its length */
  readonly chunked?: boolean;
  /** the size of its chunks, however many of them share a packet */
  readonly chunkBytes?: number;
}

function head(request: HttpRequest, length: number): Buffer {
  const headers: Header[] = [['Host', '127.0.0.1'], ...(request.headers ?? [])];
  if (request.chunked === true) headers.push(['Transfer-Encoding', 'chunked']);
  else if (request.body !== undefined || request.method === undefined) headers.push(['Content-Length', String(length)]);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${request.method ?? 'POST'} ${request.path ?? '/'} HTTP/1.1\r\n${lines}\r\n`, 'latin1');
}

function pieces(body: Buffer, size: number): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) parts.push(body.subarray(at, at + size));
  return parts;
}

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]);
}

async function writeRequest(socket: Socket, request: HttpRequest): Promise<void> {
  const body = Buffer.from((request.body ?? '') as string);
  socket.write(head(request, body.length));
  for (const piece of pieces(body, request.pieceBytes ?? 65_536)) {
    if (!socket.writable) return; // it answered before it read everything, as it may above the limit
    const chunks = request.chunked === true ? pieces(piece, request.chunkBytes ?? piece.length).map(chunk) : [piece];
    const flushed = socket.write(Buffer.concat(chunks));
    if (request.pieceBytes !== undefined) await sleep(5);
    else if (!flushed) await new Promise((resolve) => socket.once('drain', resolve).once('close', resolve));
  }
  if (request.chunked === true && socket.writable) socket.write('0\r\n\r\n');
}

/** One connection on which requests follow one another. */
export interface Connection {
  send: (request: HttpRequest) => Promise<HttpResponse>;
  /** resolves when the other side has closed it */
  readonly closed: Promise<void>;
  close: () => void;
}

export async function openConnection(port: number): Promise<Connection> {
  const socket = connect(port, '127.0.0.1').setNoDelay(true);
  const reader = new ResponseReader(socket);
  const closed = new Promise<void>((resolve) =>
    socket.once('close', () => {
      resolve();
    }),
  );
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  return {
    closed,
    close: () => socket.destroy(),
    send: async (request) => {
      const answer = reader.next();
      await Promise.all([writeRequest(socket, request), answer]);
      return answer;
    },
  };
}

/** One request on a connection of its own. */
export async function send(port: number, request: HttpRequest): Promise<HttpResponse> {
  const connection = await openConnection(port);
  try {
    return await connection.send(request);
  } finally {
    connection.close();
  }
}
