// The kinds of object that a build is made of, with the fields that are read or written.
import type { V1JobSpec } from '@kubernetes/client-node/dist/gen/models/V1JobSpec.js';
import type { TerminatedState } from '../../../core/build-progress.ts';
import { resource, type Condition, type KubernetesObject } from '../objects.ts';

/** A class of the client library as the data that travels. */
type Data<T> = T extends Date
  ? string
  : T extends (infer U)[]
    ? Data<U>[]
    : T extends object
      ? { [K in keyof T]: Data<T[K]> }
      : T;

export type Job = KubernetesObject & {
  spec: Data<V1JobSpec>;
  status?: { startTime?: string; completionTime?: string; conditions?: Condition[] };
};

export type Pod = KubernetesObject & {
  status?: {
    phase?: string;
    containerStatuses?: {
      name: string;
      state?: { waiting?: { reason?: string }; running?: { startedAt?: string }; terminated?: TerminatedState };
    }[];
  };
};

export type ConfigMap = KubernetesObject & { data?: Record<string, string> };

export const jobs = resource<Job>('batch/v1', 'Job', 'jobs');
export const pods = resource<Pod>('v1', 'Pod', 'pods');
export const configMaps = resource<ConfigMap>('v1', 'ConfigMap', 'configmaps');
