// Every setting of the build monitor. Whose build it is stands in the environment, set by whoever made the job: the monitor can tell
// of it even when it can't reach the API server.
// By name and not as a whole: what is not used is then not shipped, and takes none of the sidecar's memory.
import * as Type from 'typebox';
import type { Static } from 'typebox';
import { buildIdPattern, jobName } from '../core/build.ts';
import type { EndedBuild } from '../core/emitted.ts';
import { idPattern } from '../core/function.ts';

const seconds = (fallback: number, description: string) =>
  Type.Integer({ default: fallback, minimum: 1, maximum: 3600, description });
const id = (description: string) => Type.String({ pattern: idPattern, description });
const text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });
/** A DNS label, as Kubernetes names pods and namespaces; a pod's name may have dots. */
const name = (description: string) => Type.String({ pattern: '^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$', description });

export const monitorSettings = Type.Object({
  POD_NAME: name('Its own pod (downward API)'),
  POD_NAMESPACE: name('The namespace of its pod and job (downward API)'),
  BUILD_ID: Type.String({ pattern: buildIdPattern, description: 'The build' }),
  ATTEMPT: Type.Integer({ default: 1, minimum: 1, maximum: 1_000_000, description: 'Which attempt of the build this is' }),
  THIRD_PARTY_ID: id('The tenant of the function'),
  PARSER_ID: id('The function'),
  IMAGE_URI: text(512, 'The image that is built'),
  CONTENT_HASH: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'sha256 of the source' }),
  CAUSE_SOURCE: text(8192, 'Source of the event that asked for the build'),
  CAUSE_ID: text(8192, 'Id of that event'),
  CORRELATION_ID: text(4096, 'Correlation id of that event'),
  TRACEPARENT: text(128, 'W3C trace context of that event'),
  BROKER_URL: Type.String({ pattern: '^https?://', description: "Ingress of the builder's broker" }),
  KUBERNETES_SERVICE_HOST: text(253, 'The API server; set by Kubernetes'),
  KUBERNETES_SERVICE_PORT: Type.Integer({
    default: 443,
    minimum: 1,
    maximum: 65_535,
    description: 'Its port; set by Kubernetes',
  }),
  CREDENTIALS_DIR: Type.String({
    default: '/var/run/secrets/kubernetes.io/serviceaccount',
    minLength: 1,
    description: 'Directory of `token` and `ca.crt`; both may change at any time',
  }),
  PROGRESS_SECONDS: seconds(10, 'How often progress is written on the job, at most'),
  TELL_SECONDS: seconds(25, "Time to tell of the end; less than the pod's terminationGracePeriodSeconds"),
  LOG_LEVEL: Type.Unsafe<'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'>(
    Type.Enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      default: 'info',
      description: 'Least severe level that is logged',
    }),
  ),
});

export type MonitorConfig = Static<typeof monitorSettings>;

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
