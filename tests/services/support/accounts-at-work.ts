// The adapters and the monitor with the rights that the manifests give them: what is refused with 403 is remembered.
import { pino } from 'pino';
import { createKubernetesImageBuilder } from '../../../src/adapters/kubernetes/builds/image-builder.ts';
import type { KanikoJobSettings } from '../../../src/adapters/kubernetes/builds/job-settings.ts';
import { pods, type Pod } from '../../../src/adapters/kubernetes/builds/objects.ts';
import { createKubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { createKubernetesFunctionPlatform } from '../../../src/adapters/kubernetes/functions/function-platform.ts';
import { listAll } from '../../../src/adapters/kubernetes/list.ts';
import { createApiServer, type ApiServer } from '../../../src/build-monitor/api-server.ts';
import { monitorBuild, type MonitorOutcome } from '../../../src/build-monitor/monitor.ts';
import type { BuildRequest } from '../../../src/core/build.ts';
import { jobName } from '../../../src/core/build.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import type { FunctionPlatform, ImageBuilder } from '../../../src/ports.ts';
import type { Account, Installation } from './installation.ts';

const logger = pino({ level: 'silent' });

export type BuilderAtWork = { builds: ImageBuilder; functions: FunctionPlatform; refused: string[]; close(): void };

export const builderAtWork = async (
  installation: Installation,
  account: Account,
  job: KanikoJobSettings,
  functionsNamespace: string,
): Promise<BuilderAtWork> => {
  const { kubeconfig } = await installation.identityOf(account);
  const refused: string[] = [];
  const onRequest = (method: string, plural: string, status: number): void => {
    if (status === 401 || status === 403) refused.push(`${method} ${plural} ${status}`);
  };
  const client = createKubernetesClient({ kubeconfig, onRequest });
  const builds = createKubernetesImageBuilder(
    {
      client,
      findImage: () => Promise.resolve(undefined),
      completed: () => Promise.resolve(),
      baseImages: () => Promise.resolve({}),
      logger,
    },
    { job, maxRunning: 2, maxQueued: 4, startsPerMinute: 60_000, startsBurst: 1_000, now: Date.now },
  );
  const functions = createKubernetesFunctionPlatform(
    { client, post: () => Promise.reject(new Error('nothing is invoked here')) },
    {
      namespace: functionsNamespace,
      broker: 'functions',
      deadLetterUrl: 'http://dlq-consumer.knative-lambda.svc.cluster.local/dead-letters',
      timeoutSeconds: 10,
      environment: {},
    },
  );
  return {
    builds,
    functions,
    refused,
    close: () => {
      builds.close();
      client.close();
    },
  };
};

/** The pod that the job controller made of a job that was let go. */
export const podOfBuild = async ({ client }: Installation, namespace: string, buildId: string): Promise<Pod> => {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const { items } = await listAll(client, pods, { namespace, labelSelector: `job-name=${jobName(buildId)}` });
    const [pod] = items;
    if (pod !== undefined) return pod;
    if (Date.now() > deadline) throw new Error(`The job of build ${buildId} has no pod`);
  }
};

/** As a kubelet reports it. */
export const endContainer = async ({ client }: Installation, { metadata }: Pod, message: string): Promise<void> => {
  const terminated = {
    exitCode: 0,
    reason: 'Completed',
    message,
    startedAt: '2026-01-02T03:04:05Z',
    finishedAt: '2026-01-02T03:05:05Z',
  };
  const containerStatuses = [
    { name: 'kaniko', image: 'kaniko', imageID: 'kaniko', ready: false, restartCount: 0, state: { terminated } },
  ];
  const answer = await client.call({
    method: 'PATCH',
    path: `/api/v1/namespaces/${metadata.namespace ?? ''}/pods/${metadata.name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status: { containerStatuses } },
  });
  if (!answer.ok) throw new Error(answer.refusal.message);
};

export type MonitorAtWork = { api: ApiServer; told: CloudEvent[]; run(): Promise<MonitorOutcome> };

export const monitorAtWork = async (
  installation: Installation,
  account: Account,
  request: BuildRequest,
  pod: Pod,
): Promise<MonitorAtWork> => {
  const { host, port, credentialsFolder } = await installation.identityOf(account);
  const api = createApiServer({ host, port, credentialsFolder });
  const told: CloudEvent[] = [];
  const broker = {
    publish: (event: CloudEvent) => {
      told.push(event);
      return Promise.resolve('owed' as const);
    },
  };
  const options = {
    build: { ...request, jobName: jobName(request.buildId), attempt: 1 },
    namespace: account.namespace,
    pod: pod.metadata.name,
    progressMs: 200,
    tellMs: 10_000,
  };
  const run = (): Promise<MonitorOutcome> =>
    monitorBuild({ api, broker, logger, now: Date.now, stopping: new AbortController().signal }, options);
  return { api, told, run };
};
