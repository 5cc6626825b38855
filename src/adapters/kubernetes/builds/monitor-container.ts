// The native sidecar beside Kaniko: it starts before it and is ended after it. The only container that may speak to the API server.
import type { BuildRequest } from '../../../core/build.ts';
import type { KanikoJobSettings } from './job-settings.ts';
import { literal } from './literal.ts';

/** The volume with the token that rotates and the authority that the API server is known by. */
export const apiCredentials = 'api-credentials';

const monitorEnvironment = (request: BuildRequest, attempt: number, { brokerUrl }: KanikoJobSettings) => {
  const values = {
    BUILD_ID: request.buildId,
    ATTEMPT: String(attempt),
    THIRD_PARTY_ID: request.ref.tenant,
    PARSER_ID: request.ref.function,
    IMAGE_URI: request.image,
    CONTENT_HASH: request.contentHash,
    CAUSE_SOURCE: request.cause.source,
    CAUSE_ID: request.cause.id,
    CORRELATION_ID: request.correlationId,
    TRACEPARENT: request.traceparent,
    BROKER_URL: brokerUrl,
  };
  return [
    { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    { name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
    ...Object.entries(values).map(([name, value]) => ({ name, value: literal(value) })),
  ];
};

const credentials = '/var/run/secrets/kubernetes.io/serviceaccount';

export const monitorContainer = (request: BuildRequest, attempt: number, settings: KanikoJobSettings) => ({
  name: 'build-monitor',
  image: settings.monitorImage,
  restartPolicy: 'Always',
  command: ['node', 'dist/build-monitor/main.js'],
  env: monitorEnvironment(request, attempt, settings),
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '100m', memory: '128Mi' } },
  securityContext: {
    runAsNonRoot: true,
    runAsUser: 65532,
    runAsGroup: 65532,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
  },
  volumeMounts: [{ name: apiCredentials, mountPath: credentials, readOnly: true }],
});
