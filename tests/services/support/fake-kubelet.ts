// A node made by hand: it takes the pods of one namespace, says of them what a kubelet would, and serves their logs to the API server.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { pods, type Pod } from '../../../src/adapters/kubernetes/builds/objects.ts';
import { pathOf } from '../../../src/adapters/kubernetes/objects.ts';
import { watch } from '../../../src/adapters/kubernetes/watch.ts';

/** A pod as it runs, until `end`. */
export type RunningPod = {
  readonly pod: Pod;
  print(text: string): void;
  /**
   * Its containers have ended so, and its sidecars with them, or when the promise says; then the pod has.
   * @param sidecarsEnded begins once the end of the containers is reported, as a kubelet asks sidecars to end only then
   */
  end(exitCode: number, message: string, sidecarsEnded?: () => Promise<unknown>): Promise<void>;
  readonly deleted: AbortSignal;
};

export type FakeKubelet = {
  /** Containers that run, of pods that carry the label. */
  running(label: string, value: string): number;
  close(): Promise<void>;
};

type Held = { pod: Pod; text: string; grown: Set<() => void>; over: boolean; containers: number; gone: AbortController };

const mergePatch = (client: KubernetesClient, path: string, body: unknown) =>
  client.call({ method: 'PATCH', path, contentType: 'application/merge-patch+json', body });

/** The certificate of the API server serves the kubelet as well: who asks does not check it. */
const certificateOf = (kubeconfig: string): { key: Buffer; cert: Buffer } => {
  const folder = join(dirname(kubeconfig), 'certificates');
  return { key: readFileSync(join(folder, 'apiserver.key')), cert: readFileSync(join(folder, 'apiserver.crt')) };
};

const serveLogs = async (kubeconfig: string, held: Map<string, Held>): Promise<{ port: number; close(): Promise<void> }> => {
  const server = createServer(certificateOf(kubeconfig), (request, response) => {
    const url = new URL(request.url ?? '', 'https://node');
    const pod = held.get(url.pathname.split('/')[3] ?? '');
    if (pod === undefined) return void response.writeHead(404).end();
    let sent = 0;
    const send = (): void => {
      response.write(pod.text.slice(sent));
      sent = pod.text.length;
      if (!pod.over && url.searchParams.get('follow') === 'true') return;
      pod.grown.delete(send);
      response.end();
    };
    response.writeHead(200).flushHeaders();
    pod.grown.add(send);
    response.on('close', () => pod.grown.delete(send));
    send();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

const container = (name: string, state: unknown) => ({
  name,
  state,
  ready: false,
  started: true,
  restartCount: 0,
  image: 'image',
  imageID: '',
});

/** @param run what each pod does once it is started */
export const startFakeKubelet = async (
  kubeconfig: string,
  client: KubernetesClient,
  namespace: string,
  run: (pod: RunningPod) => void,
): Promise<FakeKubelet> => {
  const held = new Map<string, Held>();
  const logs = await serveLogs(kubeconfig, held);
  const node = `node-${namespace}`;
  await client.call({
    method: 'POST',
    path: '/api/v1/nodes',
    body: { apiVersion: 'v1', kind: 'Node', metadata: { name: node } },
  });
  await mergePatch(client, `/api/v1/nodes/${node}/status`, {
    status: {
      addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
      daemonEndpoints: { kubeletEndpoint: { Port: logs.port } },
    },
  });
  const at = (pod: Pod, subresource?: string): string => pathOf(pods, namespace, pod.metadata.name, subresource);
  const grow = (pod: Held): void => pod.grown.forEach((send) => send());

  const report = (pod: Pod, phase: string, state: unknown, sidecarState = state) => {
    const spec = (pod as Pod & { spec: { containers: { name: string }[]; initContainers?: { name: string }[] } }).spec;
    const statuses = (containers: { name: string }[] = [], of = state) => containers.map(({ name }) => container(name, of));
    return mergePatch(client, at(pod, 'status'), {
      status: {
        phase,
        containerStatuses: statuses(spec.containers),
        initContainerStatuses: statuses(spec.initContainers, sidecarState),
      },
    });
  };

  const start = async (pod: Pod): Promise<void> => {
    const one: Held = { pod, text: '', grown: new Set(), over: false, containers: 2, gone: new AbortController() };
    held.set(pod.metadata.name, one);
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name: pod.metadata.name }, target };
    const bound = await client.call({ method: 'POST', path: at(pod, 'binding'), body: binding });
    if (!bound.ok) return;
    const startedAt = new Date().toISOString();
    await report(pod, 'Running', { running: { startedAt } });
    run({
      pod,
      deleted: one.gone.signal,
      print: (text) => {
        one.text += text;
        grow(one);
      },
      end: async (exitCode, message, sidecarsEnded) => {
        one.over = true;
        one.containers = 0;
        grow(one);
        const terminated = {
          exitCode,
          message,
          reason: exitCode === 0 ? 'Completed' : 'Error',
          startedAt,
          finishedAt: new Date().toISOString(),
        };
        if (sidecarsEnded !== undefined) {
          await report(pod, 'Running', { terminated }, { running: { startedAt } });
          await sidecarsEnded();
        }
        await report(pod, exitCode === 0 ? 'Succeeded' : 'Failed', { terminated });
      },
    });
  };

  const end = async (pod: Pod): Promise<void> => {
    const one = held.get(pod.metadata.name);
    if (one !== undefined) {
      one.over = true;
      one.containers = 0;
      one.gone.abort();
      grow(one);
    }
    await client.call({ method: 'DELETE', path: at(pod), body: { gracePeriodSeconds: 0 } });
  };

  const leave = new AbortController();
  const failures: unknown[] = [];
  const see = (pod: Pod): void => {
    const work = pod.metadata.deletionTimestamp !== undefined ? end(pod) : held.has(pod.metadata.name) ? undefined : start(pod);
    work?.catch((thrown: unknown) => failures.push(thrown));
  };
  const watching = (async () => {
    for await (const change of watch(client, pods, { namespace, signal: leave.signal })) {
      if (change.type === 'listed') change.objects.forEach(see);
      else if (change.type === 'changed') see(change.object);
      else held.delete(change.object.metadata.name);
    }
  })();

  return {
    running: (label, value) =>
      [...held.values()]
        .filter(({ pod }) => pod.metadata.labels?.[label] === value)
        .reduce((sum, { containers }) => sum + containers, 0),
    close: async () => {
      leave.abort();
      await watching;
      await logs.close();
      await client.call({ method: 'DELETE', path: `/api/v1/nodes/${node}` });
      if (failures.length > 0) throw new Error('the kubelet made by hand failed', { cause: failures[0] });
    },
  };
};
