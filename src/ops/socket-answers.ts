// What is no HTTP never becomes a request: the answer is written to the socket, and the connection ends.
import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CodedError, type ErrorCode } from '../core/errors.ts';
import { newRequestIds, problemOf } from './problem.ts';

const causes: Record<string, [ErrorCode, string]> = {
  HPE_HEADER_OVERFLOW: ['HEADERS_TOO_LARGE', 'The headers are larger than this server takes'],
  ERR_HTTP_REQUEST_TIMEOUT: ['SLOW_REQUEST', 'The request did not arrive in time'],
};

const refusalOf = ({ code }: NodeJS.ErrnoException): CodedError =>
  new CodedError(...(causes[code ?? ''] ?? ['MALFORMED_REQUEST', 'The request is not valid HTTP/1.1']));

type Answer = { status: number; headers: Record<string, string>; text: string };

const answerOf = (error: CodedError): Answer => {
  const { status, headers, body } = problemOf(error, newRequestIds());
  const text = JSON.stringify(body);
  return { status, text, headers: { ...headers, 'content-length': String(Buffer.byteLength(text)), connection: 'close' } };
};

/** Whoever still sends is given this long to read the answer; a connection closed over unread bytes is reset, and the answer with it. */
const lingerMs = 1_000;

const endAfter = (socket: Duplex, bytes: string): void => {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  socket.end(bytes);
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('close', () => clearTimeout(linger));
};

const writeTo = (socket: Duplex, error: CodedError): void => {
  const { status, headers, text } = answerOf(error);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endAfter(socket, `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`);
};

type InHand = { request: IncomingMessage; response: ServerResponse };
type LastRequests = WeakMap<Duplex, InHand>;

/** Node destroys a connection right after its last answer, such as a 413, also while the body that it refuses is still arriving. */
const lingerOverBodies = (socket: Socket, last: LastRequests): void => {
  const destroySoon = socket.destroySoon.bind(socket);
  socket.destroySoon = () => {
    const request = last.get(socket)?.request;
    if (request === undefined || request.complete) {
      destroySoon();
      return;
    }
    request.resume();
    endAfter(socket, '');
  };
};

/**
 * Answers come in the order of the requests (RFC 9112, section 9.3.2). Bytes behind a request that is still in hand must not be
 * answered in its place: its sender would take the refusal for its own and drop an event that was taken.
 */
const answerInTurn = (last: InHand | undefined, socket: Duplex, error: CodedError): void => {
  if (last === undefined) {
    writeTo(socket, error);
    return;
  }
  const { request, response } = last;
  const inTurn = (answer: () => void): void => {
    if (response.writableFinished) answer();
    else response.once('finish', answer);
  };
  if (request.complete) inTurn(() => writeTo(socket, error));
  // The broken bytes are this request's own body, and it has its answer.
  else if (response.writableEnded) inTurn(() => endAfter(socket, ''));
  else if (response.headersSent) socket.destroy();
  else {
    const { status, headers, text } = answerOf(error);
    response.writeHead(status, headers).end(text);
  }
};

export type SocketAnswers = {
  clientError: (error: NodeJS.ErrnoException, socket: Duplex) => void;
  attach: (server: Server) => void;
};

/** Everything that Node hands to its server beside requests. */
export const createSocketAnswers = (): SocketAnswers => {
  const last: LastRequests = new WeakMap();
  return {
    clientError: (error, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else answerInTurn(last.get(socket), socket, refusalOf(error));
    },
    attach: (server) => {
      server.on('connection', (socket) => {
        lingerOverBodies(socket, last);
      });
      server.prependListener('request', (request, response) => {
        last.set(request.socket, { request, response });
      });
      // RFC 9110, section 9.3.6: no tunnel is opened here. Without a listener Node would hang up without a word.
      server.on('connect', (_request, socket) =>
        writeTo(socket, new CodedError('METHOD_NOT_ALLOWED', 'This server opens no tunnels')),
      );
      // RFC 9110, section 10.1.1 leaves it to the server: an expectation that nobody knows is passed over.
      server.on('checkExpectation', (request, response) => void server.emit('request', request, response));
    },
  };
};
