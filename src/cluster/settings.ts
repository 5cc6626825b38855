// The configuration, as the adapters of Kubernetes ask for it.
import type { KanikoJobSettings } from '../adapters/kubernetes/builds/job-settings.ts';
import type { FunctionSettings } from '../adapters/kubernetes/functions/settings.ts';
import { credentialsInFile } from '../adapters/registry/credentials.ts';
import type { RegistryOptions } from '../adapters/registry/registry.ts';
import { notifiEnvironment } from '../builder/notifi-settings.ts';
import type { ClusterConfig } from './config.ts';

/** Without the members that are not set. */
const given = <T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

export const jobSettings = (config: ClusterConfig): KanikoJobSettings => ({
  namespace: config.BUILD_NAMESPACE,
  kanikoImage: config.KANIKO_IMAGE,
  monitorImage: config.MONITOR_IMAGE,
  serviceAccount: config.BUILD_SERVICE_ACCOUNT,
  tempBucket: config.TEMP_BUCKET,
  s3: { pathStyle: config.S3_PATH_STYLE, ...given({ endpoint: config.S3_ENDPOINT, region: config.S3_REGION }) },
  registryPlainHttp: config.REGISTRY_PLAIN_HTTP,
  brokerUrl: config.MONITOR_BROKER_URL ?? config.BROKER_URL,
  deadlineSeconds: config.BUILD_DEADLINE_SECONDS,
  keepSeconds: config.BUILD_KEEP_SECONDS,
  ...given({
    cacheRepository: config.BUILD_CACHE_REPOSITORY,
    registrySecret: config.REGISTRY_SECRET,
    storageSecret: config.STORAGE_SECRET,
    kueueQueue: config.KUEUE_QUEUE,
  }),
});

export const registryOptions = (config: ClusterConfig): RegistryOptions => ({
  plainHttp: config.REGISTRY_PLAIN_HTTP,
  tokenHosts: config.REGISTRY_TOKEN_HOSTS.split(/, ?/),
  ...(config.REGISTRY_AUTH_FILE === undefined ? {} : { credentials: credentialsInFile(config.REGISTRY_AUTH_FILE) }),
});

export const functionSettings = (config: ClusterConfig): FunctionSettings => ({
  namespace: config.FUNCTION_NAMESPACE,
  broker: config.FUNCTIONS_BROKER,
  deadLetterUrl: config.DEAD_LETTER_URL,
  timeoutSeconds: config.TIMEOUT_SECONDS,
  environment: { LOG_LEVEL: config.LOG_LEVEL === 'silent' ? 'error' : config.LOG_LEVEL, ...notifiEnvironment(config) },
  ...given({ environmentSecret: config.FUNCTION_SECRET }),
  ...(config.REGISTRY_SECRET === undefined ? {} : { imagePullSecrets: [config.REGISTRY_SECRET] }),
});
