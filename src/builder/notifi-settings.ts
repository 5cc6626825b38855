// What every function is told of Notifi's services, and of the scheduler that hears of each execution.
import Type, { type Static, type TObject } from 'typebox';

const text = (fallback: string, description: string) => Type.String({ default: fallback, minLength: 1, description });

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
};

/** On a cluster it comes to the functions out of a Secret, and the builder never sees it. */
export const notifiSecrets = {
  SCHEDULER_SIGNING_KEY: Type.Optional(Type.String({ minLength: 1, description: 'Key that signs those reports (HMAC SHA-256)' })),
};

const all = { ...notifiSettings, ...notifiSecrets };
type NotifiConfig = Static<TObject<typeof all>>;

/** The settings as a function's environment; those that are not set are not there. */
export const notifiEnvironment = (config: NotifiConfig): Record<string, string> => {
  const handed: Record<string, string> = {};
  for (const name of Object.keys(all) as (keyof NotifiConfig)[]) {
    const value = config[name];
    if (value !== undefined) handed[name] = String(value);
  }
  return handed;
};
