// The API server as those see it who never give up: a kubelet, a controller, and whoever counts at the end.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Call, KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { CodedError } from '../../../src/core/errors.ts';

const patienceMs = 90_000;

const isAway = (thrown: unknown): boolean => thrown instanceof CodedError && thrown.code === 'CLUSTER_UNAVAILABLE';

export const patient = (client: KubernetesClient): KubernetesClient => ({
  ...client,
  call: async <T>(call: Call): Promise<Answer<T>> => {
    const begun = performance.now();
    for (;;) {
      try {
        return await client.call<T>(call);
      } catch (thrown) {
        if (!isAway(thrown) || performance.now() - begun > patienceMs) throw thrown;
        await sleep(250);
      }
    }
  },
});
