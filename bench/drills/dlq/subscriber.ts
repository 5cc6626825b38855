// The subscribers of the drill, an address each: they fail, hang, ask for patience, and come back. Every request is written down.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Seen = {
  /** Attempt numbers in the order in which they came. */
  attempts: number[];
  /** Requests that were answered 2xx. */
  taken: number;
};

export type SubscriberKind = 'fails' | 'hangs' | 'limited' | 'works' | 'replies' | 'broker';
const kinds: readonly SubscriberKind[] = ['fails', 'hangs', 'limited', 'works', 'replies', 'broker'];

export type Subscriber = {
  addresses: Record<SubscriberKind, string>;
  seen: Map<string, Seen>;
  /** Events that came to the broker and are replies. */
  replies: Set<string>;
  /** From now on almost everything is taken. */
  heal(): void;
  close(): Promise<void>;
};

/** One in so many, and always the same ones. */
const isOneIn = (name: string, of: number): boolean => {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.charCodeAt(0)) % 1_000_003;
  return sum % of === 0;
};

/** Whether taking that letter is answered with a reply. */
export const hasReply = (name: string): boolean => isOneIn(name, 2);

/** One letter in fifty never succeeds: it is parked in the end. */
const isHopeless = (name: string): boolean => isOneIn(name, 50);

type Refusal = { status: number; headers?: Record<string, string> } | 'silence';

/** What is answered instead of taking the letter. */
const refusals: Record<SubscriberKind, (name: string, healed: boolean) => Refusal | undefined> = {
  fails: (name, healed) => (healed && !isHopeless(name) ? undefined : { status: 503 }),
  hangs: (name, healed) => (healed && !isHopeless(name) ? undefined : 'silence'),
  limited: (name, healed) =>
    !isHopeless(name) && (healed || isOneIn(name, 3)) ? undefined : { status: 429, headers: { 'retry-after': '1' } },
  works: (name) => (isHopeless(name) ? { status: 400 } : undefined),
  replies: () => undefined,
  broker: () => undefined,
};

const replyTo = (response: ServerResponse, name: string): void => {
  const headers = {
    'ce-specversion': '1.0',
    'ce-id': `${name}-reply`,
    'ce-source': 'network.notifi.tenant-0',
    'ce-type': 'network.notifi.lambda.parser.complete',
    'content-type': 'application/json',
  };
  response.writeHead(200, headers).end('{}');
};

const listen = async (handle: (request: IncomingMessage, response: ServerResponse) => void): Promise<Server> => {
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
};

export const startSubscriber = async (): Promise<Subscriber> => {
  const seen = new Map<string, Seen>();
  const replies = new Set<string>();
  const state = { healed: false };

  const answer = (kind: SubscriberKind, name: string, attempt: number, response: ServerResponse): void => {
    if (kind === 'broker' && name.endsWith('-reply')) {
      replies.add(name);
      response.writeHead(202).end();
      return;
    }
    const found = seen.get(name) ?? { attempts: [], taken: 0 };
    seen.set(name, found);
    found.attempts.push(attempt);
    const refusal = refusals[kind](name, state.healed);
    if (refusal === 'silence') return;
    if (refusal !== undefined) {
      response.writeHead(refusal.status, refusal.headers).end();
      return;
    }
    found.taken++;
    if (kind === 'replies' && hasReply(name)) replyTo(response, name);
    else response.writeHead(202).end();
  };

  const servers = new Map<SubscriberKind, Server>();
  for (const kind of kinds) {
    const server = await listen((request, response) => {
      request
        .resume()
        .once('end', () => answer(kind, String(request.headers['ce-id']), Number(request.headers['ce-dlqattempt']), response));
    });
    servers.set(kind, server);
  }
  const addressOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return {
    addresses: Object.fromEntries([...servers].map(([kind, server]) => [kind, addressOf(server)])) as Record<
      SubscriberKind,
      string
    >,
    seen,
    replies,
    heal: () => void (state.healed = true),
    close: async () => {
      for (const server of servers.values()) {
        server.closeAllConnections();
        server.close();
        await once(server, 'close');
      }
    },
  };
};
