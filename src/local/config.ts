// The settings of local mode: the builder's, and what a cluster would decide elsewhere.
import Type, { type Static } from 'typebox';
import { builderSettings } from '../builder/config.ts';

const text = (fallback: string, description: string) => Type.String({ default: fallback, minLength: 1, description });
const count = (fallback: number, description: string, minimum = 1) =>
  Type.Integer({ default: fallback, minimum, maximum: 1_000_000, description });

/** Where Notifi's services are on its clusters; a function finds them in its context. */
export const notifiSettings = {
  SUBSCRIPTION_MANAGER_ADDRESS: text(
    'notifi-subscription-manager.notifi.svc.cluster.local:4000',
    "Notifi's subscription manager (gRPC)",
  ),
  EPHEMERAL_STORAGE_ADDRESS: text('notifi-storage-manager.notifi.svc.cluster.local:4000', "Notifi's ephemeral storage (gRPC)"),
  PERSISTENT_STORAGE_ADDRESS: text('notifi-storage-manager.notifi.svc.cluster.local:4000', "Notifi's persistent storage (gRPC)"),
  FUSION_FETCH_PROXY_ADDRESS: text('notifi-fetch-proxy.notifi.svc.cluster.local:4000', "Notifi's fetch proxy (gRPC)"),
  EVM_RPC_ADDRESS: text('notifi-blockchain-manager.notifi.svc.cluster.local:4000', "Notifi's EVM RPC (gRPC)"),
  SOLANA_RPC_ADDRESS: text('notifi-blockchain-manager.notifi.svc.cluster.local:4000', "Notifi's Solana RPC (gRPC)"),
  SUI_RPC_ADDRESS: text('notifi-blockchain-manager.notifi.svc.cluster.local:4000', "Notifi's Sui RPC (gRPC)"),
  GRPC_INSECURE: Type.Boolean({ default: false, description: 'Whether functions speak gRPC without TLS' }),
  SCHEDULER_URL: Type.Optional(
    Type.String({ pattern: '^https?://', description: 'Where functions report each execution; unset, they do not' }),
  ),
  SCHEDULER_SIGNING_KEY: Type.Optional(Type.String({ minLength: 1, description: 'Key that signs those reports (HMAC SHA-256)' })),
};

export const localSettings = Type.Object({
  ...builderSettings,
  ...notifiSettings,
  HOST: text('127.0.0.1', 'Address the HTTP server listens on; whoever reaches it can run code here'),
  DATA_DIR: text('.data', 'The one directory that holds all state'),
  SOURCES_DIR: text('examples', 'The directory that stands for the source bucket'),
  SCALE_TO_ZERO_SECONDS: count(30, 'How long a function without requests keeps its processes', 0),
  MAX_REPLICAS: count(50, 'Processes of one function at once'),
  CONTAINER_CONCURRENCY: count(10, 'Requests that one process of a function takes at once'),
  READY_TIMEOUT_SECONDS: count(60, 'Time for a new function process to become ready'),
  DELIVERY_RETRIES: count(5, 'Tries after the first one, before an event is a dead letter', 0),
  DELIVERY_BACKOFF_MS: count(1000, 'Delay before the first of them; it doubles each time'),
});

export type LocalConfig = Static<typeof localSettings>;
