// What the benchmark runs on: the servers, the brokers, and what plays the rest of the cluster without taking any time of its own.
import type { S3Client } from '@aws-sdk/client-s3';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createKubernetesClient, type KubernetesClient } from '../../src/adapters/kubernetes/client.ts';
import { annotations } from '../../src/adapters/kubernetes/builds/job-labels.ts';
import { createS3Client } from '../../src/adapters/s3/client.ts';
import { pushImage } from '../../tests/services/support/push-image.ts';
import { startFakeKubelet, type FakeKubelet, type RunningPod } from '../../tests/services/support/fake-kubelet.ts';
import { watchApiServer } from '../support/cluster/api-server-source.ts';
import { startBroker, type Broker } from '../support/cluster/broker.ts';
import { startBuilderProcess, type BuilderProcess } from '../support/cluster/builder-process.ts';
import { takeEvents, type Ingress } from '../support/cluster/ingress.ts';
import { buildNamespace, builderSettings, functionNamespace, install } from '../support/cluster/installation.ts';
import { playKnative } from '../support/cluster/knative.ts';
import { startMonitorProcess } from '../support/cluster/monitor-process.ts';
import { patient } from '../support/cluster/patient-client.ts';
import { startClusterServers, storageAccount, type ClusterServers } from '../support/cluster/servers.ts';
import { freePort } from '../support/free-port.ts';
import { startCountingProxy, type CountingProxy } from './counting-proxy.ts';

export type BenchSite = {
  servers: ClusterServers;
  client: KubernetesClient;
  s3: S3Client;
  proxy: CountingProxy;
  /** Its address and its process; it is the one that the broker delivers to. */
  startBuilder(settings?: Record<string, string>, before?: readonly string[]): Promise<BuilderProcess>;
  /** A node that builds at once whatever is let go, with the real monitor. */
  startNode(): Promise<FakeKubelet>;
  /** Ids of the events that functions were handed. */
  handed: Set<string>;
  broker: Broker;
  close(): Promise<void>;
};

/** None of the limits that only measure time, and no sweep: what is counted belongs to the events alone. */
const outOfReach = {
  TENANT_EVENTS_PER_MINUTE: '600000000',
  TENANT_EVENTS_BURST: '100000000',
  GLOBAL_EVENTS_PER_SECOND: '10000000',
  GLOBAL_EVENTS_BURST: '100000000',
  STORAGE_REQUESTS_PER_SECOND: '10000000',
  STORAGE_REQUESTS_BURST: '10000000',
  PACKING_PER_MINUTE: '600000',
  PACKING_BURST: '10000',
  JOB_STARTS_PER_MINUTE: '60000',
  JOB_STARTS_BURST: '1000',
  MAX_QUEUED_JOBS: '3000',
  SWEEP_SECONDS: '3600',
};

const nodeOf = (servers: ClusterServers, proxy: CountingProxy, client: KubernetesClient, folder: string) => {
  const log = createWriteStream(join(folder, 'monitors.log'), { flags: 'a' }).setMaxListeners(0);
  const build = async (running: RunningPod): Promise<void> => {
    const monitor = startMonitorProcess(running.pod, proxy, join(folder, 'credentials'), log);
    const image = running.pod.metadata.annotations?.[annotations.image] ?? '';
    const [, repository = '', tag = ''] = /^[^/]+\/(.+):([^:]+)$/.exec(image) ?? [];
    await running.end(0, await pushImage(servers.registry, repository, tag, { image }), () => monitor.end());
  };
  return () => startFakeKubelet(servers.kubeconfig, client, buildNamespace, (pod) => void build(pod));
};

const startFunctionBroker = async (handed: Set<string>): Promise<Ingress> => takeEvents(({ id }) => void handed.add(id));

export const startBenchSite = async (folder: string): Promise<BenchSite> => {
  Object.assign(process.env, storageAccount);
  const servers = await startClusterServers(29_543);
  const client = patient(createKubernetesClient({ kubeconfig: servers.kubeconfig, maxInFlight: 100 }));
  const s3 = createS3Client({ endpoint: servers.s3, region: 'us-east-1', pathStyle: true });
  await install(client, s3, servers, join(folder, 'credentials'));
  const proxy = await startCountingProxy(servers, folder);
  let builder: BuilderProcess | undefined;
  const broker = await startBroker({ choose: () => builder?.address });
  const handed = new Set<string>();
  const functions = await startFunctionBroker(handed);
  const knative = playKnative(client, functionNamespace, () => 0);
  const source = watchApiServer(client, broker.take);
  const settings = {
    ...builderSettings(servers),
    ...outOfReach,
    KUBECONFIG: proxy.kubeconfig,
    BROKER_URL: broker.url,
    FUNCTIONS_BROKER_URL: functions.url,
  };
  return {
    ...{ servers, client, s3, proxy, broker, handed },
    startBuilder: async (more = {}, before = []) => {
      builder = await startBuilderProcess({ ...settings, ...more }, await freePort(), folder, before);
      return builder;
    },
    startNode: nodeOf(servers, proxy, client, folder),
    close: async () => {
      await Promise.all([source.close(), knative.close()]);
      await Promise.all([broker.close(), functions.close(), proxy.close()]);
      client.close();
      s3.destroy();
      await servers.wipe();
    },
  };
};
