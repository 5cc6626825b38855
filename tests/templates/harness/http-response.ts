// Reads HTTP/1.1 responses from a socket, keeping headers as they were sent.
import type { Socket } from 'node:net';

export interface HttpResponse {
  readonly status: number;
  /** lower-case names; a name sent twice is an error of the server and fails here */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  text: () => string;
  json: () => unknown;
}

function parseHead(text: string): { status: number; headers: Record<string, string> } {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    if (name in headers) throw new Error(`the header ${name} was sent twice`);
    headers[name] = line.slice(colon + 1).trim();
  }
  return { status: Number(statusLine.split(' ')[1]), headers };
}

/** @returns the body and how many bytes it took, or nothing while more must come. */
function readChunked(bytes: Buffer): { body: Buffer; length: number } | undefined {
  const parts: Buffer[] = [];
  for (let at = 0; ;) {
    const end = bytes.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    const from = end + 2;
    if (bytes.length < from + size + 2) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), length: from + 2 };
    parts.push(bytes.subarray(from, from + size));
    at = from + size + 2;
  }
}

export class ResponseReader {
  private received = Buffer.alloc(0);
  private ended: Error | undefined;
  private wake: () => void = () => undefined;

  constructor(socket: Socket) {
    socket.on('data', (bytes: Buffer) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.wake();
    });
    socket.on('error', (error: Error) => {
      this.ended ??= error;
      this.wake();
    });
    socket.on('close', () => {
      this.ended ??= new Error('the connection was closed without an answer');
      this.wake();
    });
  }

  async next(): Promise<HttpResponse> {
    for (;;) {
      const response = this.take();
      if (response !== undefined) return response;
      if (this.ended !== undefined) throw this.ended;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private take(): HttpResponse | undefined {
    const end = this.received.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const { status, headers } = parseHead(this.received.toString('latin1', 0, end));
    const rest = this.received.subarray(end + 4);
    const found = headers['transfer-encoding'] === 'chunked' ? readChunked(rest) : this.readSized(rest, status, headers);
    if (found === undefined) return undefined;
    this.received = rest.subarray(found.length);
    if (status === 100) return this.take();
    const text = (): string => found.body.toString('utf8');
    return { status, headers, body: found.body, text, json: () => JSON.parse(text()) as unknown };
  }

  private readSized(rest: Buffer, status: number, headers: Record<string, string>): { body: Buffer; length: number } | undefined {
    const bodiless = status === 204 || status === 304 || status === 100;
    const length = bodiless ? 0 : Number(headers['content-length'] ?? (this.ended === undefined ? Infinity : rest.length));
    if (rest.length < length) return undefined;
    return { body: rest.subarray(0, length), length };
  }
}
