// The letters of the drill: what each is, and where it should have gone. Each is known by its event's id, or by its bytes.
import type { Outgoing } from '../../../src/adapters/rabbitmq/event-message.ts';
import type { SubscriberKind } from './subscriber.ts';

export type Kind =
  'fails' | 'hangs' | 'limited' | 'works' | 'replies' | 'broker' | 'validation' | 'rejected' | 'unreadable' | 'unlisted';

/** In hundredths. */
const shares: Record<Kind, number> = {
  fails: 20,
  hangs: 5,
  limited: 15,
  works: 20,
  replies: 8,
  broker: 8,
  validation: 8,
  rejected: 8,
  unreadable: 4,
  unlisted: 4,
};

const kindOf = (n: number): Kind => {
  let place = n % 100;
  for (const [kind, share] of Object.entries(shares) as [Kind, number][]) {
    if (place < share) return kind;
    place -= share;
  }
  return 'works';
};

export type DrillLetter = { name: string; kind: Kind; message: Outgoing };

const codes: Record<Kind, number> = {
  fails: 503,
  hangs: 504,
  limited: 429,
  works: 502,
  replies: 500,
  broker: 503,
  validation: 400,
  rejected: 200,
  unreadable: 0,
  unlisted: 503,
};

const eventHeaders = (name: string, n: number): Record<string, string> => ({
  specversion: '1.0',
  id: name,
  source: `network.notifi.tenant-${n % 7}`,
  subject: `parser-${n % 50}`,
  type: 'network.notifi.lambda.parser.start',
});

const persistent = { persistent: true, contentType: 'application/json' };

/** An `event.rejected` as the builder answers it: the letter is the event inside. */
const rejected = (name: string, n: number): Outgoing => {
  const { specversion = '', source = '', subject = '', type = '' } = eventHeaders(name, n);
  const original = { specversion, id: name, source, subject, type, datacontenttype: 'application/json', data: { n } };
  const data = {
    code: 'SOURCE_NOT_FOUND',
    category: 'source_not_found',
    message: 'There is no such source',
    retryable: false,
    original,
  };
  return {
    content: Buffer.from(JSON.stringify(data)),
    properties: {
      ...persistent,
      headers: {
        ...eventHeaders(`${name}-rejected`, n),
        type: 'network.notifi.lambda.event.rejected',
        causationid: name,
      },
    },
  };
};

type Addresses = Record<SubscriberKind, string>;

/** What was to go to the broker names nobody. */
const destinationOf = (kind: Kind, addresses: Addresses): Record<string, string> => {
  if (kind === 'broker') return {};
  if (kind === 'unlisted') return { knativeerrordest: 'http://metadata.example.com/latest' };
  return { knativeerrordest: Object.hasOwn(addresses, kind) ? addresses[kind as SubscriberKind] : addresses.works };
};

export const letterNumber = (n: number, addresses: Addresses): DrillLetter => {
  const kind = kindOf(n);
  const name = `letter-${n}`;
  if (kind === 'unreadable') {
    return {
      name,
      kind,
      message: { content: Buffer.from(`{"no":"event","name":"${name}"`), properties: { ...persistent, headers: {} } },
    };
  }
  if (kind === 'rejected') return { name, kind, message: rejected(name, n) };
  return {
    name,
    kind,
    message: {
      content: Buffer.from(JSON.stringify({ contextId: name, parameters: { blockId: n, urlForBlob: 'x'.repeat(n % 400) } })),
      properties: {
        ...persistent,
        headers: { ...eventHeaders(name, n), ...destinationOf(kind, addresses), knativeerrorcode: codes[kind] },
      },
    },
  };
};
