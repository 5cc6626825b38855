// How many builds run and wait, at every moment that the API server tells of.
import { configMaps, type ConfigMap, type Job } from '../../../src/adapters/kubernetes/builds/objects.ts';
import { admissionMap, fromConfigMap } from '../../../src/adapters/kubernetes/builds/places-map.ts';
import { buildOf } from '../../../src/adapters/kubernetes/builds/read-job.ts';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import type { Change } from '../../../src/adapters/kubernetes/watch.ts';
import { follow } from '../../support/cluster/follow.ts';
import { buildNamespace } from '../../support/cluster/installation.ts';

export type LimitsWatch = {
  seeJob: (change: Change<Job>) => void;
  /** Jobs that run; places given; places in the queue: the most of each. */
  most: { running: number; admitted: number; queued: number };
  close(): Promise<void>;
};

export const watchLimits = (client: KubernetesClient): LimitsWatch => {
  const end = new AbortController();
  const running = new Set<string>();
  const most = { running: 0, admitted: 0, queued: 0 };

  const see = (job: Job, isGone: boolean): void => {
    const uid = job.metadata.uid ?? '';
    if (!isGone && buildOf(job)?.status === 'running') running.add(uid);
    else running.delete(uid);
    most.running = Math.max(most.running, running.size);
  };

  const seePlaces = (change: Change<ConfigMap>): void => {
    const maps = change.type === 'listed' ? change.objects : [change.object];
    for (const map of maps.filter(({ metadata }) => metadata.name === admissionMap)) {
      const places = fromConfigMap(map);
      most.admitted = Math.max(most.admitted, places?.admitted.length ?? 0);
      most.queued = Math.max(most.queued, places?.queued.length ?? 0);
    }
  };

  const following = follow(client, configMaps, buildNamespace, end.signal, seePlaces);
  return {
    most,
    seeJob: (change) => {
      if (change.type === 'listed') {
        running.clear();
        for (const job of change.objects) see(job, false);
      } else see(change.object, change.type === 'deleted');
    },
    close: async () => {
      end.abort();
      await following;
    },
  };
};
