// The Knative Service of a function, as it is sent: read it like a manifest.
import type { FunctionSpec } from '../../../core/function-spec.ts';
import { literal } from '../builds/literal.ts';
import type { ObjectMeta } from '../objects.ts';
import { annotations, labelsOf, ownerAnnotations, specAnnotations, type Times } from './function-labels.ts';
import { services, type KnativeService } from './objects.ts';
import { callSeconds, type FunctionSettings } from './settings.ts';

/** The uid of the images' user (templates/<language>/Dockerfile). */
const nonRoot = 65532;

/** By digest, whatever the tag stands for by now. */
const pinned = ({ image, imageDigest }: FunctionSpec): string => `${image.slice(0, image.lastIndexOf(':'))}@${imageDigest}`;

const container = (spec: FunctionSpec, settings: FunctionSettings) => ({
  name: 'function',
  image: pinned(spec),
  ports: [{ name: 'http1', containerPort: 8080 }],
  env: Object.entries({
    ...settings.environment,
    FUNCTION_TENANT: spec.ref.tenant,
    FUNCTION_NAME: spec.ref.function,
    TIMEOUT_SECONDS: String(settings.timeoutSeconds),
  }).map(([name, value]) => ({ name, value: literal(value) })),
  ...(settings.environmentSecret === undefined ? {} : { envFrom: [{ secretRef: { name: settings.environmentSecret } }] }),
  readinessProbe: { httpGet: { path: '/readyz' }, successThreshold: 1 },
  resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '100m', memory: '256Mi' } },
  securityContext: {
    runAsNonRoot: true,
    runAsUser: nonRoot,
    runAsGroup: nonRoot,
    readOnlyRootFilesystem: true,
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
  volumeMounts: [{ name: 'temporary', mountPath: '/tmp' }],
});

/**
 * @param times ms since the epoch: when it is applied, and when it was for the first time
 * @param begunFor `requestedAt` of the spec that the revision is begun for; an equal one goes on with the revision there is
 */
export const knativeService = (
  spec: FunctionSpec,
  { begunFor, ...times }: Times & { begunFor: number },
  settings: FunctionSettings,
): KnativeService & { metadata: ObjectMeta } => ({
  apiVersion: services.apiVersion,
  kind: services.kind,
  metadata: {
    name: spec.name,
    namespace: settings.namespace,
    labels: { ...labelsOf(spec.ref), [annotations.buildId]: spec.buildId, 'networking.knative.dev/visibility': 'cluster-local' },
    annotations: specAnnotations(spec, times),
  },
  spec: {
    template: {
      metadata: {
        labels: labelsOf(spec.ref),
        annotations: {
          ...ownerAnnotations(spec.ref),
          [annotations.begunFor]: String(begunFor),
          'autoscaling.knative.dev/metric': 'concurrency',
          'autoscaling.knative.dev/target': '10',
          'autoscaling.knative.dev/min-scale': '0',
          'autoscaling.knative.dev/max-scale': '50',
          'autoscaling.knative.dev/scale-to-zero-pod-retention-period': '30s',
        },
      },
      spec: {
        containerConcurrency: 10,
        timeoutSeconds: callSeconds(settings),
        // Unset it is 300 s, whatever the function may take.
        responseStartTimeoutSeconds: callSeconds(settings),
        serviceAccountName: spec.name,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        containers: [container(spec, settings)],
        volumes: [{ name: 'temporary', emptyDir: { sizeLimit: '64Mi' } }],
      },
    },
  },
});
