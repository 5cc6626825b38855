// The Job of one build, as it is sent: read it like a manifest. What comes from an event stands in annotations and in environment
// values, each a text of its own; no shell reads any of it.
import { jobName, type BuildRequest } from '../../../core/build.ts';
import { annotationsOf, labelsOf, queueLabel, type Attempt } from './job-labels.ts';
import type { KanikoJobSettings } from './job-settings.ts';
import { kanikoContainer } from './kaniko-container.ts';
import { apiCredentials, monitorContainer } from './monitor-container.ts';
import type { Job } from './objects.ts';

const volumes = ({ registrySecret }: KanikoJobSettings) => [
  {
    name: apiCredentials,
    projected: {
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      ],
    },
  },
  ...(registrySecret === undefined
    ? []
    : [
        {
          name: 'registry-credentials',
          // Kaniko is root; the steps that run a tenant's code are not, and share its file system.
          secret: { secretName: registrySecret, defaultMode: 0o400, items: [{ key: '.dockerconfigjson', path: 'config.json' }] },
        },
      ]),
];

/** @param baseImages the build arguments of the runtime's Dockerfile, from the template */
export const kanikoJob = (
  request: BuildRequest,
  attempt: Attempt,
  baseImages: Readonly<Record<string, string>>,
  settings: KanikoJobSettings,
): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: {
    name: jobName(request.buildId),
    namespace: settings.namespace,
    labels: {
      ...labelsOf(request),
      ...(settings.kueueQueue === undefined ? { [queueLabel]: 'waiting' } : { 'kueue.x-k8s.io/queue-name': settings.kueueQueue }),
    },
    annotations: annotationsOf(request, attempt),
  },
  spec: {
    // Every job waits first. Whoever decides who is next, here or Kueue, lets it go.
    suspend: true,
    parallelism: 1,
    completions: 1,
    backoffLimit: 0,
    activeDeadlineSeconds: settings.deadlineSeconds,
    ttlSecondsAfterFinished: settings.keepSeconds,
    template: {
      metadata: { labels: labelsOf(request), annotations: annotationsOf(request, attempt) },
      spec: {
        restartPolicy: 'Never',
        serviceAccountName: settings.serviceAccount,
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        terminationGracePeriodSeconds: 30,
        securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
        initContainers: [monitorContainer(request, attempt.attempt, settings)],
        containers: [kanikoContainer(request, baseImages, settings)],
        volumes: volumes(settings),
      },
    },
  },
});
