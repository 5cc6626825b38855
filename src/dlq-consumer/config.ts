// Every setting of the dead letters' consumer, in one schema.
import Type, { type Static } from 'typebox';
import type { JudgeRules } from '../core/dead-letter.ts';
import { seconds } from '../ops/seconds-setting.ts';
import { parseAllowList, type DestinationRules } from './destination.ts';
import { maxEventBytes } from './judge-letter.ts';

const count = (fallback: number, description: string, minimum = 1) =>
  Type.Integer({ default: fallback, minimum, maximum: 4_000_000_000, description });

/** Of a pause. Timers last no longer than 24 days. */
const milliseconds = (fallback: number, description: string) =>
  Type.Integer({ default: fallback, minimum: 1, maximum: 999_999_000, description });

const days = 86_400_000;

export const dlqSettings = Type.Object({
  AMQP_URL: Type.String({ pattern: '^amqps?://', description: 'RabbitMQ, with its user and password' }),
  BROKER_URL: Type.String({
    pattern: '^https?://',
    description: 'The Knative broker: letters without a destination of their own go there',
  }),
  REPLY_BROKER_URL: Type.Optional(
    Type.String({
      pattern: '^https?://',
      description: "The broker that subscribers' replies go to; it must not be one whose events are obeyed. Unset, BROKER_URL",
    }),
  ),
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: 'Port of the HTTP server; 0 picks a free one' }),
  HOST: Type.String({
    default: '127.0.0.1',
    minLength: 1,
    description: 'Address it listens on; beyond loopback only with DLQ_TOKEN',
  }),
  DLQ_TOKEN: Type.Optional(Type.String({ minLength: 16, description: 'Bearer token that the operator API asks for' })),
  LOG_LEVEL: Type.Unsafe<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'>(
    Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      default: 'info',
      description: 'Least severe level that is logged',
    }),
  ),
  LOG_PRETTY: Type.Optional(Type.Boolean({ description: 'Lines for people instead of JSON; by default only on a terminal' })),
  DLQ_NAME: Type.String({
    default: 'knative-lambda-dlq',
    pattern: '^[A-Za-z0-9._-]{1,128}$',
    description: 'The queue that letters arrive in; the names of the others begin with it',
  }),
  DLQ_SOURCE_EXCHANGES: Type.String({
    default: '',
    pattern: '^(?:[^,=\\s]{1,200}(?:=[^,\\s]{0,200})?(?:,[^,=\\s]{1,200}(?:=[^,\\s]{0,200})?)*)?$',
    description: 'Dead-letter exchanges of Knative brokers, separated by commas: exchange, or exchange=routing key',
  }),
  DLQ_MESSAGE_TTL_MS: count(7 * days, 'How long a letter waits to be taken up, before it goes to the archive'),
  DLQ_MAX_LENGTH: count(50_000, 'How many letters wait to be taken up; of more, the oldest go to the archive'),
  DLQ_DELAYS_MS: Type.String({
    default: '10000,30000,120000,600000,1800000',
    pattern: '^[1-9]\\d{0,9}(?:,[1-9]\\d{0,9}){0,19}$',
    description: 'Delay before each attempt, in milliseconds; their number is the number of attempts',
  }),
  DLQ_JITTER: Type.Number({ default: 0.2, minimum: 0, maximum: 0.9, description: 'Spread of the delays: 0.2 is ±20 %' }),
  DLQ_MAX_AGE_MS: count(7 * days, 'A letter whose first failure is longer ago is not retried'),
  DLQ_CONCURRENCY: count(50, 'Deliveries at once'),
  DLQ_PREFETCH: count(200, 'Letters that are judged at once'),
  DLQ_RATE_PER_SECOND: count(100, 'Deliveries per second; 0 for no limit', 0),
  DLQ_DELIVERY_TIMEOUT_SECONDS: seconds(65, 'Time for a subscriber to answer; a function has 60'),
  DLQ_ALLOWED_DESTINATIONS: Type.String({
    default: '*.svc.cluster.local,*.svc',
    description: 'Hosts that letters may be delivered to, separated by commas: host, host:port or *.suffix',
  }),
  DLQ_UNLISTED_DESTINATION: Type.Unsafe<'park' | 'broker'>(
    Type.Enum(['park', 'broker'], { default: 'park', description: 'What is done with a letter that names another host' }),
  ),
  DLQ_ORDERED: Type.Boolean({
    default: false,
    description: "Whether a function's letters are delivered one after the other, in their order",
  }),
  DLQ_CIRCUIT_OPEN_MS: milliseconds(5_000, 'How long a destination that fails is left alone; doubled each time'),
  DLQ_CIRCUIT_MAX_OPEN_MS: milliseconds(300_000, 'The longest such pause'),
  DLQ_REDRIVE_PER_SECOND: count(20, 'Letters that a redrive of many hands over per second'),
  DLQ_RETENTION_DAYS: count(7, 'Cleanup archives parked letters that failed longer ago'),
  DLQ_RETENTION_LETTERS: count(50_000, 'Cleanup archives the oldest parked letters beyond this number'),
  DLQ_PARKED_MAX_AGE_DAYS: count(14, 'How long the stream keeps parked letters at all, if no cleanup runs'),
  DLQ_CONFIRM_TIMEOUT_SECONDS: seconds(10, 'Time for RabbitMQ to confirm a letter that came over HTTP, before 503'),
  DLQ_BODY_LIMIT_BYTES: count(16 * 2 ** 20, 'Largest body of a letter that comes over HTTP: an event of 10 MiB in base64 fits'),
  DLQ_HELD_BYTES: count(
    32 * 2 ** 20,
    'Letters in memory, in bytes, each way: beyond it RabbitMQ has to wait, and senders are told to',
  ),
  ARCHIVE_DIR: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'Directory that archived letters are written to; without it and a bucket they stay in the archive queue',
    }),
  ),
  ARCHIVE_BUCKET: Type.Optional(
    Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$', description: 'Bucket that archived letters are written to' }),
  ),
  S3_ENDPOINT: Type.Optional(
    Type.String({ pattern: '^https?://', description: 'Endpoint of an S3-compatible store; unset, that of AWS' }),
  ),
  S3_REGION: Type.Optional(Type.String({ minLength: 1, description: 'Region of the bucket, where the environment names none' })),
  S3_PATH_STYLE: Type.Boolean({ default: false, description: 'Whether the bucket stands in the path and not in the host name' }),
  SHUTDOWN_SECONDS: seconds(30, 'Time to finish what is in hand after SIGTERM'),
});

export type DlqConfig = Static<typeof dlqSettings>;

export const delaysOf = ({ DLQ_DELAYS_MS: text }: DlqConfig): number[] => text.split(',').map(Number);

export const rulesOf = (config: DlqConfig): JudgeRules => ({
  delaysMs: delaysOf(config),
  maxAgeMs: config.DLQ_MAX_AGE_MS,
  jitter: config.DLQ_JITTER,
});

export const destinationsOf = (config: DlqConfig): DestinationRules => ({
  allowed: parseAllowList(config.DLQ_ALLOWED_DESTINATIONS),
  broker: new URL(config.BROKER_URL),
  unlisted: config.DLQ_UNLISTED_DESTINATION,
});

export const replyBrokerOf = ({ REPLY_BROKER_URL, BROKER_URL }: DlqConfig): URL => new URL(REPLY_BROKER_URL ?? BROKER_URL);

export const sourcesOf = ({ DLQ_SOURCE_EXCHANGES: text }: DlqConfig): { exchange: string; routingKey: string }[] =>
  text
    .split(',')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const end = entry.indexOf('=');
      return end < 0 ? { exchange: entry, routingKey: '#' } : { exchange: entry.slice(0, end), routingKey: entry.slice(end + 1) };
    });

const isLoopback = (host: string): boolean => /^(?:127(?:\.\d{1,3}){3}|::1|localhost)$/.test(host);

/** What no single setting is wrong about. */
export const mistakeIn = (config: DlqConfig): string | undefined => {
  const { HOST, DLQ_TOKEN, ARCHIVE_DIR, ARCHIVE_BUCKET } = config;
  // Beyond this machine, whoever reaches the port could read and move every tenant's letters.
  if (DLQ_TOKEN === undefined && !isLoopback(HOST)) return 'DLQ_TOKEN is required, since HOST is not a loopback address';
  if (ARCHIVE_DIR !== undefined && ARCHIVE_BUCKET !== undefined) return 'Either ARCHIVE_DIR or ARCHIVE_BUCKET, not both';
  // The stream would drop letters that cleanup has not come to yet.
  if (config.DLQ_PARKED_MAX_AGE_DAYS <= config.DLQ_RETENTION_DAYS)
    return 'DLQ_PARKED_MAX_AGE_DAYS must be more than DLQ_RETENTION_DAYS';
  return undefined;
};

/** For the adapter, as below. */
export const s3OptionsOf = ({ S3_ENDPOINT, S3_REGION, S3_PATH_STYLE }: DlqConfig) => ({
  pathStyle: S3_PATH_STYLE,
  ...(S3_ENDPOINT === undefined ? {} : { endpoint: S3_ENDPOINT }),
  ...(S3_REGION === undefined ? {} : { region: S3_REGION }),
});

/** For the adapter, as below. A reply is an event, and may be as large as any. */
export const posterOptionsOf = ({ DLQ_CONCURRENCY }: DlqConfig) => ({
  userAgent: 'knative-lambda-dlq',
  maxSockets: DLQ_CONCURRENCY,
  maxAnswerBytes: maxEventBytes,
});

/** For the adapter; structurally its options, since a process knows no adapter. */
export const rabbitOptionsOf = (config: DlqConfig) => ({
  link: {
    url: config.AMQP_URL,
    connectionName: config.DLQ_NAME,
    heartbeatSeconds: 20,
    connectTimeoutMs: 10_000,
    maxHeldBytes: config.DLQ_HELD_BYTES,
    minBackoffMs: 200,
    maxBackoffMs: 30_000,
  },
  topology: {
    prefix: config.DLQ_NAME,
    messageTtlMs: config.DLQ_MESSAGE_TTL_MS,
    maxLength: config.DLQ_MAX_LENGTH,
    delaysMs: delaysOf(config),
    parkedMaxAgeSeconds: config.DLQ_PARKED_MAX_AGE_DAYS * 86_400,
    sources: sourcesOf(config),
  },
  // One at a time into the archive: while the store does not answer, it is the only one that is held.
  prefetch: { fresh: config.DLQ_PREFETCH, due: config.DLQ_CONCURRENCY, archive: 1 },
  exclusive: config.DLQ_ORDERED,
});
