// The subscriber of the drill: it fails, hangs, asks for patience, and comes back. It writes down every request.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = {
  /** Attempt numbers in the order in which they came. */
  attempts: number[];
  /** Requests that were answered 2xx. */
  taken: number;
};

export type Subscriber = {
  address: string;
  seen: Map<string, Seen>;
  /** Events that came to the broker and are replies. */
  replies: Map<string, number>;
  /** Whether taking that letter is answered with a reply. */
  hasReply(name: string): boolean;
  /** From now on everything is taken. */
  heal(): void;
  close(): Promise<void>;
};

const share = (name: string, of: number): boolean => {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 1_000_003;
  return sum % of === 0;
};

const hasReply = (name: string): boolean => share(name, 2);

export const startSubscriber = async (): Promise<Subscriber> => {
  const seen = new Map<string, Seen>();
  const replies = new Map<string, number>();
  const state = { healed: false };

  const note = (name: string, attempt: number): Seen => {
    const found = seen.get(name) ?? { attempts: [], taken: 0 };
    found.attempts.push(attempt);
    seen.set(name, found);
    return found;
  };
  const take = (response: ServerResponse, found: Seen, name: string): void => {
    found.taken++;
    if (!hasReply(name)) return void response.writeHead(202).end();
    response
      .writeHead(200, {
        'ce-specversion': '1.0',
        'ce-id': `${name}-reply`,
        'ce-source': 'network.notifi.tenant-0',
        'ce-type': 'network.notifi.lambda.parser.complete',
        'content-type': 'application/json',
      })
      .end('{}');
  };
  /** One letter in fifty never succeeds: it is parked in the end. */
  const answer = (path: string, name: string, response: ServerResponse, found: Seen): void => {
    const never = share(name, 50);
    if (path === '/hangs' && (!state.healed || never)) return;
    if (path === '/fails' && (!state.healed || never)) return void response.writeHead(503).end('down');
    if (path === '/limited' && (never || (!state.healed && !share(name, 3)))) {
      return void response.writeHead(429, { 'retry-after': '1' }).end();
    }
    if (path === '/works' && never) return void response.writeHead(400).end('never');
    if (path === '/replies') return take(response, found, name);
    found.taken++;
    response.writeHead(202).end();
  };
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    request.resume().once('end', () => {
      const name = String(request.headers['ce-id']);
      if (request.url === '/broker' && name.endsWith('-reply')) {
        replies.set(name, (replies.get(name) ?? 0) + 1);
        return void response.writeHead(202).end();
      }
      answer(request.url ?? '', name, response, note(name, Number(request.headers['ce-dlqattempt'])));
    });
  };
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    replies,
    hasReply,
    heal: () => void (state.healed = true),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
