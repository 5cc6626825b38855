// Every setting of the builder, in one schema: names, rules, defaults and what they are for. docs/configuration.md is held to it.
import Type from 'typebox';
import { seconds } from '../ops/seconds-setting.ts';

const count = (fallback: number, description: string, minimum = 1) =>
  Type.Integer({ default: fallback, minimum, maximum: 1_000_000_000, description });
const address = (fallback: string, description: string) => Type.String({ default: fallback, minLength: 1, description });

export const builderSettings = {
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: 'Port of the HTTP server; 0 picks a free one' }),
  HOST: Type.String({ default: '0.0.0.0', minLength: 1, description: 'Address the HTTP server listens on' }),
  LOG_LEVEL: Type.Unsafe<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'>(
    Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      default: 'info',
      description: 'Least severe level that is logged',
    }),
  ),
  LOG_PRETTY: Type.Optional(Type.Boolean({ description: 'Lines for people instead of JSON; by default only on a terminal' })),
  BODY_LIMIT_BYTES: count(10 * 2 ** 20, 'Largest request body'),
  REQUEST_TIMEOUT_SECONDS: seconds(30, 'Time for a request to arrive'),
  SHUTDOWN_SECONDS: seconds(30, 'Time to finish or park what is in hand after SIGTERM'),
  TENANT_EVENTS_PER_MINUTE: count(600, 'Events of one tenant per minute'),
  TENANT_EVENTS_BURST: count(20, 'Events of one tenant at once'),
  GLOBAL_EVENTS_PER_SECOND: count(100, 'Events of all tenants per second'),
  GLOBAL_EVENTS_BURST: count(200, 'Events of all tenants at once'),
  MAX_CONCURRENT_BUILDS: count(10, 'Build contexts that are packed at once'),
  PACKING_PER_MINUTE: count(50, 'Build contexts that are packed per minute'),
  PACKING_BURST: count(10, 'Build contexts that may begin at once'),
  PACKING_WAIT_SECONDS: seconds(5, 'How long an event waits for its turn to be packed, before 503'),
  STORAGE_REQUESTS_PER_SECOND: count(50, 'Requests to the object store per second'),
  STORAGE_REQUESTS_BURST: count(100, 'Requests to the object store at once'),
  STORAGE_WAIT_SECONDS: seconds(5, 'How long a request to the object store waits for its turn, before 503', 0),
  MAX_CONCURRENT_JOBS: count(5, 'Builds that run at once'),
  MAX_QUEUED_JOBS: count(500, 'Builds that wait; beyond it build.start is answered 429'),
  JOB_STARTS_PER_MINUTE: count(10, 'Builds that start per minute'),
  JOB_STARTS_BURST: count(3, 'Builds that start at once'),
  BUILD_DEADLINE_SECONDS: seconds(1800, 'Longest time of one build'),
  SWEEP_SECONDS: seconds(60, 'How often what was missed is looked for and repaired'),
  IMAGE_REGISTRY: address('localhost:5000', 'Registry part of image names'),
  IMAGE_REPOSITORY: address('knative-lambda', 'Repository part of image names'),
  TIMEOUT_SECONDS: seconds(60, 'Longest time of one run of a function'),
};
