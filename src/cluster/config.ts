// The settings of the builder on a cluster: its own, and where the things are that do the work.
import Type, { type Static } from 'typebox';
import { builderSettings } from '../builder/config.ts';
import { notifiSettings } from '../builder/notifi-settings.ts';

const label = '^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$';
const host = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?';
const required = (description: string) => Type.String({ minLength: 1, description });
const named = (fallback: string, description: string) => Type.String({ default: fallback, pattern: label, description });
const name = (description: string) => Type.Optional(Type.String({ pattern: label, description }));
const url = (description: string) => Type.String({ pattern: '^https?://', description });

const storage = {
  SOURCE_BUCKET: required('Bucket that tenants put sources into; only read'),
  TEMP_BUCKET: required('Bucket for build contexts and for events that wait'),
  S3_ENDPOINT: Type.Optional(url('Endpoint of an S3-compatible store; unset, that of AWS')),
  S3_REGION: Type.Optional(Type.String({ minLength: 1, description: 'Region of the buckets, where the environment names none' })),
  S3_PATH_STYLE: Type.Boolean({ default: false, description: 'Whether the bucket stands in the path and not in the host name' }),
};

const namespaces = {
  BUILD_NAMESPACE: named('knative-lambda-builds', 'Namespace of the build jobs'),
  FUNCTION_NAMESPACE: named('knative-lambda-functions', 'Namespace of the functions'),
  KUBECONFIG: Type.Optional(
    Type.String({ minLength: 1, description: "A kubeconfig file; unset, the pod's own service account" }),
  ),
};

const brokers = {
  BROKER_URL: url("Ingress of the builder's broker"),
  MONITOR_BROKER_URL: Type.Optional(
    url('Ingress of the broker that build monitors tell, the only one that builds should reach; unset, BROKER_URL'),
  ),
  FUNCTIONS_BROKER_URL: url("Ingress of the functions' broker"),
  FUNCTIONS_BROKER: named('functions', "Name of the functions' broker"),
  DEAD_LETTER_URL: url("Where events go that a function can't handle: /dead-letters of the dead letters' consumer"),
};

const limits = {
  REDIS_URL: Type.Optional(
    Type.String({ pattern: '^rediss?://', description: 'Redis that replicas share limits through; unset, each has its own' }),
  ),
};

const builds = {
  KANIKO_IMAGE: required('Image of Kaniko, by digest'),
  MONITOR_IMAGE: required("The platform's own image, for the build monitor"),
  BUILD_SERVICE_ACCOUNT: named('kaniko', 'Service account of the build jobs'),
  BUILD_KEEP_SECONDS: Type.Integer({
    default: 3600,
    minimum: 3600,
    maximum: 604_800,
    description: 'How long an ended job stays: longer than its completion may be on its way, dead letters included',
  }),
  BUILD_CACHE_REPOSITORY: Type.Optional(
    Type.String({ minLength: 1, description: 'Where layers are kept; unset, beside the image' }),
  ),
  REGISTRY_PLAIN_HTTP: Type.Boolean({ default: false, description: 'Whether the registry is spoken to without TLS' }),
  REGISTRY_AUTH_FILE: Type.Optional(
    Type.String({ minLength: 1, description: 'File with the credentials for the registry (.dockerconfigjson), read each time' }),
  ),
  REGISTRY_TOKEN_HOSTS: Type.String({
    default: 'auth.docker.io',
    pattern: `^${host}(?:, ?${host})*$`,
    description: "Token servers beside the registry's own host that may see the credentials, separated by commas",
  }),
  REGISTRY_SECRET: name('Secret of that kind in the namespaces of builds and of functions'),
  STORAGE_SECRET: name('Secret in the namespace of builds whose keys are environment for the object store'),
  FUNCTION_SECRET: name('Secret in the namespace of functions whose keys are environment of each function'),
  KUEUE_QUEUE: name('Queue of Kueue, which then decides what is built next'),
};

/** The builder's, as far as a cluster has less room for them. */
const bounded = {
  // Knative refuses a revision that takes longer than 600 s, the wrapper's margin and the callback to the scheduler included.
  TIMEOUT_SECONDS: Type.Integer({ ...builderSettings.TIMEOUT_SECONDS, maximum: 568 }),
  // Who waits stands in one object of at most 1 MiB, and the quota of builds is 5,000 jobs, those that ended within the hour included.
  MAX_QUEUED_JOBS: Type.Integer({ ...builderSettings.MAX_QUEUED_JOBS, maximum: 3000 }),
};

export const clusterSettings = Type.Object({
  ...builderSettings,
  ...bounded,
  ...notifiSettings,
  ...storage,
  ...namespaces,
  ...brokers,
  ...limits,
  ...builds,
});

export type ClusterConfig = Static<typeof clusterSettings>;
