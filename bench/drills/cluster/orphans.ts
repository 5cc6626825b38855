// What is left of the work when it is over: it should be functions that are ready, jobs that have ended, and nothing else.
import type { S3Client } from '@aws-sdk/client-s3';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { configMaps, jobs, type Job } from '../../../src/adapters/kubernetes/builds/objects.ts';
import { admissionMap, fromConfigMap } from '../../../src/adapters/kubernetes/builds/places-map.ts';
import { buildOf } from '../../../src/adapters/kubernetes/builds/read-job.ts';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { serviceAccounts, services, triggers, type KnativeService } from '../../../src/adapters/kubernetes/functions/objects.ts';
import { listAll } from '../../../src/adapters/kubernetes/list.ts';
import { get } from '../../../src/adapters/kubernetes/verbs.ts';
import { createS3ObjectStore } from '../../../src/adapters/s3/object-store.ts';
import { hasEnded, type Build } from '../../../src/core/build.ts';
import { buckets, buildNamespace, functionNamespace } from '../../support/cluster/installation.ts';

export type Left = {
  services: KnativeService[];
  builds: Build[];
  /** By what is wrong with each: names. All are empty when nothing is orphaned. */
  orphans: Record<string, string[]>;
  /** Parts of contexts whose builder died while it wrote them: the bucket's lifecycle rule removes them. */
  unfinishedUploads: number;
};

const named = (objects: readonly { metadata: { name: string } }[]): string[] => objects.map(({ metadata }) => metadata.name);
const without = (names: readonly string[], others: readonly string[]): string[] => names.filter((name) => !others.includes(name));

const isReady = (service: KnativeService): boolean =>
  service.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;

const lookAtFunctions = async (client: KubernetesClient) => {
  const own = { namespace: functionNamespace, labelSelector: 'app.kubernetes.io/part-of=knative-lambda' };
  const [found, triggered, accounts] = await Promise.all([
    listAll(client, services, own),
    listAll(client, triggers, own),
    listAll(client, serviceAccounts, own),
  ]);
  const names = named(found.items);
  return {
    found: found.items,
    orphans: {
      'triggers without a service': without(named(triggered.items), names),
      'service accounts without a service': without(named(accounts.items), names),
      'services without a trigger': without(names, named(triggered.items)),
      'services that are not ready': named(found.items.filter((service) => !isReady(service))),
    },
  };
};

const lookAtBuilds = async (client: KubernetesClient) => {
  const all = (await listAll(client, jobs, { namespace: buildNamespace })).items;
  const map = await get(client, configMaps, { namespace: buildNamespace, name: admissionMap });
  const places = map === undefined ? undefined : fromConfigMap(map);
  const builds = all.map(buildOf);
  const isOver = (job: Job): boolean =>
    hasEnded(buildOf(job)?.status ?? 'running') && job.metadata.deletionTimestamp === undefined;
  return {
    builds: builds.filter((build) => build !== undefined),
    orphans: {
      'jobs that have not ended': named(all.filter((job) => !isOver(job))),
      'places of jobs that are over': [...(places?.admitted ?? []), ...(places?.queued ?? [])].map(({ buildId }) => buildId),
    },
  };
};

export const lookForOrphans = async (client: KubernetesClient, s3: S3Client): Promise<Left> => {
  const temp = createS3ObjectStore(s3, { bucket: buckets.temp });
  const pending = await Array.fromAsync(temp.list('pending/'), ({ key }) => key);
  const { Uploads = [] } = await s3.send(new ListMultipartUploadsCommand({ Bucket: buckets.temp }));
  const functions = await lookAtFunctions(client);
  const built = await lookAtBuilds(client);
  return {
    services: functions.found,
    builds: built.builds,
    orphans: { ...functions.orphans, ...built.orphans, 'events that wait in the bucket': pending },
    unfinishedUploads: Uploads.length,
  };
};

export const isClean = ({ orphans }: Left): boolean => Object.values(orphans).every((names) => names.length === 0);
