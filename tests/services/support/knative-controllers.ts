// Does in one namespace what Knative's controllers would: looks at what is declared, runs it (here: an HTTP server for each revision),
// and reports it as status. Brokers are there by assumption.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import {
  revisions,
  services,
  triggers,
  type KnativeService,
  type Trigger,
} from '../../../src/adapters/kubernetes/functions/objects.ts';
import { pathOf, type KubernetesObject, type Resource } from '../../../src/adapters/kubernetes/objects.ts';
import { watch } from '../../../src/adapters/kubernetes/watch.ts';
import type { Behaviour } from '../../contract/function-platform.ts';

export type KnativeControllers = {
  /** The images that can be run, by digest. */
  readonly images: Map<string, Behaviour>;
  /** While it is false nothing is reported: as if the controllers were down. */
  running: boolean;
  close(): Promise<void>;
};

const answer = async (behaviour: Behaviour, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const data = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { status?: number; wait?: number };
  await sleep(data.wait ?? 0);
  const reply = { version: behaviour.version, data, headers: request.headers };
  response.writeHead(data.status ?? 200, { 'content-type': 'application/json', 'ce-id': 'reply' }).end(JSON.stringify(reply));
};

type Context = {
  client: KubernetesClient;
  namespace: string;
  images: Map<string, Behaviour>;
  servers: Map<string, Server>;
  /** The last generation of each service that was looked at: a watch also tells of what has been handled meanwhile. */
  handled: Map<string, number>;
};

const report = async <T extends KubernetesObject>(
  { client, namespace }: Context,
  of: Resource<T>,
  { metadata: { name, generation } }: KubernetesObject,
  ready: { status: 'True' | 'False'; message?: string },
  more: object = {},
): Promise<void> => {
  const lastTransitionTime = new Date().toISOString();
  const status = { observedGeneration: generation, conditions: [{ type: 'Ready', lastTransitionTime, ...ready }], ...more };
  const path = pathOf(of, namespace, name, 'status');
  await client.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { status } });
};

const startServer = async (context: Context, name: string, behaviour: Behaviour): Promise<string> => {
  context.servers.get(name)?.close();
  const server = createServer((request, response) => void answer(behaviour, request, response));
  context.servers.set(name, server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const createRevision = async ({ client, namespace }: Context, service: KnativeService): Promise<string> => {
  const { name, uid = '', generation = 0 } = service.metadata;
  const revision = `${name}-${String(generation).padStart(5, '0')}`;
  const ownerReferences = [{ apiVersion: services.apiVersion, kind: services.kind, name, uid, controller: true }];
  const metadata = { name: revision, namespace, ownerReferences, labels: { 'serving.knative.dev/service': name } };
  const body = { apiVersion: revisions.apiVersion, kind: revisions.kind, metadata, spec: service.spec.template.spec };
  await client.call({ method: 'POST', path: pathOf(revisions, namespace), body });
  const status = { actualReplicas: 1 };
  const path = pathOf(revisions, namespace, revision, 'status');
  await client.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body: { status } });
  return revision;
};

const serve = async (context: Context, service: KnativeService): Promise<void> => {
  const { uid = '', generation = 0 } = service.metadata;
  if (service.status?.observedGeneration === generation || (context.handled.get(uid) ?? 0) >= generation) return;
  context.handled.set(uid, generation);
  const [{ image = '' } = {}] = service.spec.template.spec.containers as { image?: string }[];
  const behaviour = context.images.get(image.slice(image.indexOf('@') + 1));
  const revision = await createRevision(context, service);
  if (behaviour?.throws !== undefined) {
    const message = `Revision "${revision}" failed: Container failed with: Error: ${behaviour.throws}`;
    await report(context, services, service, { status: 'False', message });
  } else if (behaviour !== undefined) {
    const url = await startServer(context, service.metadata.name, behaviour);
    await report(context, services, service, { status: 'True' }, { address: { url }, latestReadyRevisionName: revision });
  }
};

const connect = async (context: Context, trigger: Trigger): Promise<void> => {
  if (trigger.status?.observedGeneration !== trigger.metadata.generation)
    await report(context, triggers, trigger, { status: 'True' });
};

export const playKnative = (client: KubernetesClient, namespace: string): KnativeControllers => {
  const end = new AbortController();
  const context: Context = { client, namespace, images: new Map(), servers: new Map(), handled: new Map() };
  const controllers = { images: context.images, running: true };

  const follow = async <T extends KubernetesObject>(
    of: Resource<T>,
    handle: (context: Context, object: T) => Promise<void>,
  ): Promise<void> => {
    for await (const change of watch(client, of, { namespace, signal: end.signal })) {
      while (!controllers.running && !end.signal.aborted) await sleep(20);
      const objects = change.type === 'listed' ? change.objects : change.type === 'changed' ? [change.object] : [];
      for (const object of objects) await handle(context, object).catch(() => undefined);
    }
  };

  const following = Promise.all([follow(services, serve), follow(triggers, connect)]);
  return Object.assign(controllers, {
    close: async () => {
      end.abort();
      await following;
      for (const server of context.servers.values()) {
        server.closeAllConnections();
        server.close();
      }
    },
  });
};
