// What an ApiServerSource does: each change of a job, a service or a trigger becomes an event for the builder's broker. It does not tell of what
// changed while it did not watch.
import { randomUUID } from 'node:crypto';
import { jobs, type Job } from '../../../src/adapters/kubernetes/builds/objects.ts';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { services, triggers, type KnativeService, type Trigger } from '../../../src/adapters/kubernetes/functions/objects.ts';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/objects.ts';
import type { Change } from '../../../src/adapters/kubernetes/watch.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { follow } from './follow.ts';
import { buildNamespace, functionNamespace } from './installation.ts';

const eventOf = (kind: 'add' | 'update' | 'delete', object: KubernetesObject): CloudEvent => ({
  specversion: '1.0',
  id: randomUUID(),
  source: 'https://kubernetes.default.svc',
  type: `dev.knative.apiserver.resource.${kind}`,
  subject: `/${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`,
  datacontenttype: 'application/json',
  extensions: {},
  data: { json: object },
});

/** @param jobChanged told as well, for whoever counts */
export const watchApiServer = (
  client: KubernetesClient,
  take: (event: CloudEvent) => void,
  jobChanged: (change: Change<Job>) => void = () => undefined,
): { close(): Promise<void> } => {
  const end = new AbortController();
  const tell = (change: Change<Job> | Change<KnativeService> | Change<Trigger>): void => {
    if (change.type === 'listed') return;
    const isNew = change.object.metadata.generation === 1 && change.object.status === undefined;
    take(eventOf(change.type === 'deleted' ? 'delete' : isNew ? 'add' : 'update', change.object));
  };
  const following = [
    follow(client, jobs, buildNamespace, end.signal, (change) => {
      jobChanged(change);
      tell(change);
    }),
    follow(client, services, functionNamespace, end.signal, tell),
    follow(client, triggers, functionNamespace, end.signal, tell),
  ];
  return {
    close: async () => {
      end.abort();
      await Promise.all(following);
    },
  };
};
