// A KubernetesImageBuilder in a namespace of its own. The job controller is the real one; what runs in the pods is made by hand, and so
// is what a build's monitor would do.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import {
  createKubernetesImageBuilder,
  type KubernetesImageBuilder,
  type KubernetesImageBuilderDeps,
  type KubernetesImageBuilderOptions,
} from '../../../src/adapters/kubernetes/builds/image-builder.ts';
import { annotations } from '../../../src/adapters/kubernetes/builds/job-labels.ts';
import type { KanikoJobSettings } from '../../../src/adapters/kubernetes/builds/job-settings.ts';
import { createKubernetesClient, type KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { endOfContainer, progressAnnotations } from '../../../src/core/build-progress.ts';
import { hasEnded, type BuildRequest } from '../../../src/core/build.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { completionOf } from '../../../src/core/emitted.ts';
import { requestOf } from '../../contract/build-request.ts';
import type { Behaviour } from '../../contract/image-builder.ts';
import { startFakeKubelet, type RunningPod } from './fake-kubelet.ts';
import { openNamespaces, type Cluster } from './kubernetes.ts';

export const settingsFor = (namespace: string): KanikoJobSettings => ({
  namespace,
  kanikoImage: `ghcr.io/osscontainertools/kaniko@sha256:${'a'.repeat(64)}`,
  monitorImage: `registry.local/platform@sha256:${'b'.repeat(64)}`,
  serviceAccount: 'kaniko',
  tempBucket: 'temp',
  s3: { endpoint: 'http://s3.local:7070', pathStyle: true, region: 'eu-central-1' },
  registryPlainHttp: true,
  brokerUrl: 'http://broker-ingress.knative-eventing.svc.cluster.local/knative-lambda/knative-lambda',
  deadlineSeconds: 1800,
  keepSeconds: 3600,
});

export type BuildSite = {
  readonly namespace: string;
  readonly client: KubernetesClient;
  readonly published: CloudEvent[];
  /** Another replica: a builder with a client of its own. */
  replica(deps?: Partial<KubernetesImageBuilderDeps>, options?: Partial<KubernetesImageBuilderOptions>): KubernetesImageBuilder;
  request(behaviour: Behaviour, fields?: Partial<BuildRequest>): BuildRequest;
  release(): void;
  /** From now on no monitor tells of anything. */
  monitorsDie(): void;
  /** Requests to the API server by all replicas. */
  readonly requests: string[];
  containersOf(buildId: string): number;
  close(): Promise<void>;
};

export const baseImages = { NODE_BASE_IMAGE: 'docker.io/library/node:24-bookworm-slim' };

const printed: Record<Behaviour, string> = { succeeds: 'building\n', fails: 'first\n\nthe reason\n', waits: 'waiting\n' };

/** As the kubelet tells of it: the digest of what was built, or the end of the log. */
const endOf = (behaviour: Behaviour, image: string): { exitCode: number; message: string } =>
  behaviour === 'fails'
    ? { exitCode: 3, message: printed.fails }
    : { exitCode: 0, message: `sha256:${createHash('sha256').update(image).digest('hex')}` };

const makeNamespace = async (cluster: Cluster) => {
  const namespaces = openNamespaces(cluster);
  const namespace = await namespaces.create({ 'pod-security.kubernetes.io/enforce': 'baseline' });
  const body = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kaniko' } };
  await namespaces.client.call({ method: 'POST', path: `/api/v1/namespaces/${namespace}/serviceaccounts`, body });
  return { namespaces, namespace };
};

export const openBuildSite = async (cluster: Cluster): Promise<BuildSite> => {
  const { namespaces, namespace } = await makeNamespace(cluster);
  const { client } = namespaces;
  const published: CloudEvent[] = [];
  const requests: string[] = [];
  const images = new Map<string, string>();
  const behaviours = new Map<string, Behaviour>();
  const opened: { builder: KubernetesImageBuilder; client: KubernetesClient }[] = [];
  const released = Promise.withResolvers<undefined>();

  const replica: BuildSite['replica'] = (deps = {}, options = {}) => {
    const own = createKubernetesClient({
      kubeconfig: cluster.kubeconfig,
      onRequest: (method, plural, status) => requests.push(`${method} ${plural} ${status}`),
    });
    const builder = createKubernetesImageBuilder(
      {
        client: own,
        findImage: (image) => Promise.resolve(images.get(image)),
        completed: (event) => {
          published.push(event);
          return Promise.resolve();
        },
        baseImages: () => Promise.resolve(baseImages),
        logger: pino({ level: 'silent' }),
        ...deps,
      },
      {
        job: settingsFor(namespace),
        maxRunning: 2,
        maxQueued: 4,
        startsPerMinute: 60_000,
        startsBurst: 1_000,
        now: Date.now,
        ...options,
      },
    );
    opened.push({ builder, client: own });
    return builder;
  };
  const monitors = replica();
  let areMonitorsDead = false;
  const ends: Promise<void>[] = [];

  /** As the monitor does: on the job first, then to the broker, whose event makes the builder look who is next. */
  const tell = async (buildId: string, exitCode: number, message: string): Promise<void> => {
    const { imageDigest, errorMessage } = endOfContainer({ exitCode, message });
    const progress = {
      [progressAnnotations.phase]: exitCode === 0 ? 'complete' : 'failed',
      [progressAnnotations.exitCode]: String(exitCode),
      [progressAnnotations.endedAt]: new Date().toISOString(),
      ...(imageDigest === undefined ? {} : { [progressAnnotations.imageDigest]: imageDigest }),
      ...(errorMessage === undefined ? {} : { [progressAnnotations.errorMessage]: errorMessage }),
    };
    await client.call({
      method: 'PATCH',
      path: `/apis/batch/v1/namespaces/${namespace}/jobs/build-${buildId}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: progress } },
    });
    const build = await monitors.get(buildId);
    if (build === undefined || !hasEnded(build.status)) throw new Error(`build ${buildId} has not ended`);
    published.push(completionOf({ ...build, status: build.status }));
    await monitors.admitNext();
  };

  const build = async (pod: RunningPod): Promise<void> => {
    const { [annotations.buildId]: buildId = '', [annotations.image]: image = '' } = pod.pod.metadata.annotations ?? {};
    const behaviour = behaviours.get(buildId) ?? 'succeeds';
    pod.print(printed[behaviour]);
    if (behaviour === 'waits') {
      const gone = new Promise((resolve) => pod.deleted.addEventListener('abort', resolve));
      await Promise.race([released.promise, gone]);
    }
    if (pod.deleted.aborted) return;
    const { exitCode, message } = endOf(behaviour, image);
    if (exitCode === 0) images.set(image, message);
    await pod.end(exitCode, message);
    if (!areMonitorsDead) await tell(buildId, exitCode, message);
  };

  const kubelet = await startFakeKubelet(cluster.kubeconfig, client, namespace, (pod) => void ends.push(build(pod)));
  return {
    ...{ namespace, client, published, requests, replica },
    request: (behaviour, fields) => {
      const id = Math.random().toString(16).slice(2, 14);
      const request = requestOf(`contexts/${id}.tar.gz`, fields);
      behaviours.set(request.buildId, behaviour);
      return request;
    },
    release: () => released.resolve(undefined),
    monitorsDie: () => {
      areMonitorsDead = true;
    },
    containersOf: (buildId) => kubelet.running(annotations.buildId, buildId),
    close: async () => {
      released.resolve(undefined);
      await Promise.race([Promise.all(ends), sleep(20_000, undefined, { ref: false })]);
      await kubelet.close();
      for (const { builder, client: own } of opened) {
        builder.close();
        own.close();
      }
      await namespaces.close();
    },
  };
};
