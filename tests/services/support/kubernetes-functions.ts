// A function platform on the cluster, in a namespace of its own, with Knative's controllers played and images that are only names.
import { hash } from 'node:crypto';
import { createEventPoster } from '../../../src/adapters/http/post-event.ts';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { createKubernetesFunctionPlatform } from '../../../src/adapters/kubernetes/functions/function-platform.ts';
import type { FunctionSettings } from '../../../src/adapters/kubernetes/functions/settings.ts';
import type { FunctionPlatform } from '../../../src/ports.ts';
import type { Behaviour, FunctionPlatformHarness } from '../../contract/function-platform.ts';
import { playKnative, type KnativeControllers } from './knative-controllers.ts';
import { openNamespaces, type Cluster } from './kubernetes.ts';

export type KubernetesHarness = FunctionPlatformHarness & {
  readonly client: KubernetesClient;
  readonly namespace: string;
  readonly knative: KnativeControllers;
  readonly settings: FunctionSettings;
  /** Another replica's, or one of another installation. */
  another(settings?: Partial<FunctionSettings>): FunctionPlatform;
};

/** As the functions' namespace of an installation is. */
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

export const openFunctions = async (cluster: Cluster): Promise<KubernetesHarness> => {
  const namespaces = openNamespaces(cluster);
  const { client } = namespaces;
  const namespace = await namespaces.create(restricted);
  const knative = playKnative(client, namespace);
  const poster = createEventPoster({ userAgent: 'test', maxSockets: 50, maxAnswerBytes: 2 ** 20 });
  const settings: FunctionSettings = {
    namespace,
    broker: 'functions',
    deadLetterUrl: 'http://dlq-consumer.knative-lambda.svc.cluster.local/dead-letters',
    timeoutSeconds: 10,
    environment: { LOG_LEVEL: 'info', COST: '$(HOME) costs $5' },
  };
  const another = (more: Partial<FunctionSettings> = {}): FunctionPlatform =>
    createKubernetesFunctionPlatform(
      { client, post: (url, event, timeoutMs, signal) => poster.post(url, event, timeoutMs, signal) },
      { ...settings, ...more },
    );
  return {
    client,
    namespace,
    knative,
    settings,
    another,
    platform: another(),
    image: (behaviour: Behaviour) => {
      const imageDigest = `sha256:${hash('sha256', JSON.stringify(behaviour))}`;
      knative.images.set(imageDigest, behaviour);
      return Promise.resolve({ image: `registry.example:5000/team/functions:${imageDigest.slice(7, 19)}`, imageDigest });
    },
    close: async () => {
      await knative.close();
      poster.close();
      await namespaces.close();
    },
  };
};
