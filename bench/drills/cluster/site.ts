// Everything that the drill runs on: the servers, what plays the rest of the cluster, and three builders.
import type { S3Client } from '@aws-sdk/client-s3';
import { join } from 'node:path';
import { createKubernetesClient, type KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { createS3Client } from '../../../src/adapters/s3/client.ts';
import { watchApiServer } from '../../support/cluster/api-server-source.ts';
import { startBroker, type Broker } from '../../support/cluster/broker.ts';
import { startBuilderProcess, type BuilderProcess } from '../../support/cluster/builder-process.ts';
import { builderSettings, functionNamespace, install, putSource } from '../../support/cluster/installation.ts';
import { playKnative } from '../../support/cluster/knative.ts';
import { patient } from '../../support/cluster/patient-client.ts';
import { startClusterServers, storageAccount, type ClusterServers } from '../../support/cluster/servers.ts';
import { freePort } from '../../support/free-port.ts';
import { startBadProxy, type BadProxy } from './bad-proxy.ts';
import type { Chance } from './chance.ts';
import { createContacts, type Contacts } from './contacts.ts';
import { startFunctionBroker, type FunctionBroker } from './function-broker.ts';
import { watchLimits, type LimitsWatch } from './limits-watch.ts';
import { startNode, type BuildNode } from './node.ts';
import type { Source } from './sources.ts';

export type Site = {
  servers: ClusterServers;
  client: KubernetesClient;
  s3: S3Client;
  storage: BadProxy;
  broker: Broker;
  functions: FunctionBroker;
  node: BuildNode;
  limitsWatch: LimitsWatch;
  contacts: Contacts;
  builders: readonly BuilderProcess[];
  /** Address of a builder that is ready, as a service chooses it. */
  choose: () => string | undefined;
  /** Ends the builders; their exit codes. */
  stop(): Promise<(number | null)[]>;
  close(): Promise<void>;
};

export const limits = { running: 5, queued: 40 };
const replicas = 3;
const pingMs = 4_000;

/** Faster than in production, so that the queue and not the clock decides how long the drill takes. */
const drillSettings = {
  MAX_CONCURRENT_JOBS: String(limits.running),
  MAX_QUEUED_JOBS: String(limits.queued),
  JOB_STARTS_PER_MINUTE: '240',
  JOB_STARTS_BURST: '5',
  PACKING_PER_MINUTE: '600',
  BUILD_DEADLINE_SECONDS: '110',
  SWEEP_SECONDS: '15',
  LOG_LEVEL: 'info',
};

const startBuilders = async (settings: Record<string, string>, folder: string): Promise<BuilderProcess[]> =>
  Promise.all(Array.from({ length: replicas }, async () => startBuilderProcess(settings, await freePort(), folder)));

/** A PingSource: every few seconds some builder is told to look for what was missed. */
const ping = (choose: Site['choose']): NodeJS.Timeout =>
  setInterval(() => {
    const address = choose();
    if (address !== undefined) void fetch(`${address}/sweep`, { method: 'POST' }).catch(() => undefined);
  }, pingMs);

export const startSite = async (folder: string, sources: readonly Source[], chance: Chance): Promise<Site> => {
  Object.assign(process.env, storageAccount);
  const servers = await startClusterServers(29_443);
  const client = patient(createKubernetesClient({ kubeconfig: servers.kubeconfig, maxInFlight: 100 }));
  const s3 = createS3Client({ endpoint: servers.s3, region: 'us-east-1', pathStyle: true });
  const credentials = join(folder, 'credentials');
  await install(client, s3, servers, credentials);
  for (const { key, content } of sources) await putSource(s3, key, content);

  const builders: BuilderProcess[] = [];
  const contacts = createContacts();
  const choose = (): string | undefined => {
    const ready = builders.filter((builder) => builder.isReady());
    return ready.length === 0 ? undefined : chance.of(ready).address;
  };
  const knative = playKnative(client, functionNamespace, () => chance.between(100, 2_500));
  const functions = await startFunctionBroker(knative);
  const broker = await startBroker({ choose, offered: contacts.count });
  const storage = await startBadProxy(servers.s3, chance);
  const node = await startNode(servers, client, credentials, folder, chance);
  const limitsWatch = watchLimits(client);
  const source = watchApiServer(client, broker.take, limitsWatch.seeJob);
  const addresses = { BROKER_URL: broker.url, FUNCTIONS_BROKER_URL: functions.url, S3_ENDPOINT: storage.url };
  builders.push(...(await startBuilders({ ...builderSettings(servers), ...drillSettings, ...addresses }, folder)));
  const pinging = ping(choose);
  return {
    ...{ servers, client, s3, storage, broker, functions, node, limitsWatch, contacts, builders, choose },
    stop: async () => {
      clearInterval(pinging);
      return Promise.all(builders.map((builder) => builder.stop()));
    },
    close: async () => {
      await Promise.all([source.close(), limitsWatch.close(), knative.close(), node.close()]);
      await Promise.all([broker.close(), functions.close(), storage.close()]);
      client.close();
      s3.destroy();
      await servers.wipe();
    },
  };
};
