// The settings of local mode: the builder's, and what a cluster would decide elsewhere.
import Type, { type Static } from 'typebox';
import { builderSettings } from '../builder/config.ts';
import { notifiSecrets, notifiSettings } from '../builder/notifi-settings.ts';
import { seconds } from '../ops/seconds-setting.ts';

const text = (fallback: string, description: string) => Type.String({ default: fallback, minLength: 1, description });
const count = (fallback: number, description: string, minimum = 1) =>
  Type.Integer({ default: fallback, minimum, maximum: 1_000_000, description });

export const localSettings = Type.Object({
  ...builderSettings,
  ...notifiSettings,
  ...notifiSecrets,
  HOST: text('127.0.0.1', 'Address the HTTP server listens on; whoever reaches it can run code here'),
  DATA_DIR: text('.data', 'The one directory that holds all state'),
  SOURCES_DIR: text('examples', 'The directory that stands for the source bucket'),
  SCALE_TO_ZERO_SECONDS: seconds(30, 'How long a function without requests keeps its processes', 0),
  MAX_REPLICAS: count(50, 'Processes of one function at once'),
  CONTAINER_CONCURRENCY: count(10, 'Requests that one process of a function takes at once'),
  READY_TIMEOUT_SECONDS: seconds(60, 'Time for a new function process to become ready'),
  DELIVERY_RETRIES: count(5, 'Tries after the first one, before an event is a dead letter', 0),
  DELIVERY_BACKOFF_MS: count(1000, 'Delay before the first of them; it doubles each time'),
});

export type LocalConfig = Static<typeof localSettings>;
