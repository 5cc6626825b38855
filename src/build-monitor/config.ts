// Every setting of the build monitor. Whose build it is stands in the environment, set by whoever made the job: the monitor can tell
// of it even when it can't reach the API server.
// Written down, and not made by the library that other processes use: it would take 3 MiB of the sidecar's memory.
import { buildIdPattern, jobName } from '../core/build.ts';
import type { EndedBuild } from '../core/emitted.ts';
import { idPattern } from '../core/function.ts';
import type { SettingsOf } from '../ops/config.ts';

const matching = (pattern: string, description: string) => ({ type: 'string', pattern, description }) as const;
const text = (maxLength: number, description: string) => ({ type: 'string', minLength: 1, maxLength, description }) as const;
const count = (fallback: number, maximum: number, description: string) =>
  ({ type: 'integer', default: fallback, minimum: 1, maximum, description }) as const;
/** A DNS label, as Kubernetes names pods and namespaces; a pod's name may have dots. */
const name = (description: string) => matching('^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$', description);

const properties = {
  POD_NAME: name('Its own pod (downward API)'),
  POD_NAMESPACE: name('The namespace of its pod and job (downward API)'),
  BUILD_ID: matching(buildIdPattern, 'The build'),
  ATTEMPT: count(1, 1_000_000, 'Which attempt of the build this is'),
  THIRD_PARTY_ID: matching(idPattern, 'The tenant of the function'),
  PARSER_ID: matching(idPattern, 'The function'),
  IMAGE_URI: text(512, 'The image that is built'),
  CONTENT_HASH: matching('^[0-9a-f]{64}$', 'sha256 of the source'),
  CAUSE_SOURCE: text(8192, 'Source of the event that asked for the build'),
  CAUSE_ID: text(8192, 'Id of that event'),
  CORRELATION_ID: text(4096, 'Correlation id of that event'),
  TRACEPARENT: text(128, 'W3C trace context of that event'),
  BROKER_URL: matching('^https?://', 'Ingress of the broker that is told of the end'),
  KUBERNETES_SERVICE_HOST: text(253, 'The API server; set by Kubernetes'),
  KUBERNETES_SERVICE_PORT: count(443, 65_535, 'Its port; set by Kubernetes'),
  CREDENTIALS_DIR: {
    type: 'string',
    default: '/var/run/secrets/kubernetes.io/serviceaccount',
    minLength: 1,
    description: 'Directory of `token` and `ca.crt`; both may change at any time',
  },
  PROGRESS_SECONDS: count(10, 3600, 'How often progress is written on the job, at most'),
  TELL_SECONDS: count(25, 3600, "Time to tell of the end; less than the pod's terminationGracePeriodSeconds"),
  LOG_LEVEL: {
    enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    description: 'Least severe level that is logged',
  },
} as const;

/** None is optional: what has no default has to be given. */
export const monitorSettings = { properties, required: Object.keys(properties) };

export type MonitorConfig = SettingsOf<typeof monitorSettings>;

/** What is known of the build before anything of it is seen. */
export type Watched = Omit<EndedBuild, 'status' | 'createdAt'>;

const buildOf = (config: MonitorConfig): Watched => ({
  buildId: config.BUILD_ID,
  jobName: jobName(config.BUILD_ID),
  attempt: config.ATTEMPT,
  ref: { tenant: config.THIRD_PARTY_ID, function: config.PARSER_ID },
  image: config.IMAGE_URI,
  contentHash: config.CONTENT_HASH,
  cause: { source: config.CAUSE_SOURCE, id: config.CAUSE_ID },
  correlationId: config.CORRELATION_ID,
  traceparent: config.TRACEPARENT,
});

export const monitoringOf = (config: MonitorConfig) => ({
  build: buildOf(config),
  namespace: config.POD_NAMESPACE,
  pod: config.POD_NAME,
  progressMs: config.PROGRESS_SECONDS * 1000,
  tellMs: config.TELL_SECONDS * 1000,
});

export const apiServerOf = (config: MonitorConfig) => ({
  host: config.KUBERNETES_SERVICE_HOST,
  port: config.KUBERNETES_SERVICE_PORT,
  credentialsFolder: config.CREDENTIALS_DIR,
});
