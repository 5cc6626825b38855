// The kinds of object that a function is made of, with the fields that are read or written.
import { resource, type Condition, type KubernetesObject, type ObjectMeta } from '../objects.ts';

type Status = {
  /** The `metadata.generation` that the conditions speak of; an older one says nothing of what was asked for last. */
  observedGeneration?: number;
  conditions?: Condition[];
};

export type KnativeService = KubernetesObject & {
  metadata: ObjectMeta & { managedFields?: { manager?: string; operation?: string; subresource?: string }[] };
  spec: {
    template: {
      metadata: Pick<ObjectMeta, 'labels' | 'annotations'>;
      spec: Readonly<Record<string, unknown>>;
    };
  };
  status?: Status & { url?: string; address?: { url?: string }; latestReadyRevisionName?: string };
};

export type Revision = KubernetesObject & { status?: Status & { actualReplicas?: number } };

export type Trigger = KubernetesObject & {
  spec: {
    broker: string;
    filter: { attributes: Readonly<Record<string, string>> };
    subscriber: { uri: string };
    delivery: Readonly<Record<string, unknown>>;
  };
  status?: Status;
};

export type ServiceAccount = KubernetesObject & {
  automountServiceAccountToken: boolean;
  imagePullSecrets?: readonly { name: string }[];
};

export const services = resource<KnativeService>('serving.knative.dev/v1', 'Service', 'services');
export const revisions = resource<Revision>('serving.knative.dev/v1', 'Revision', 'revisions');
export const triggers = resource<Trigger>('eventing.knative.dev/v1', 'Trigger', 'triggers');
export const serviceAccounts = resource<ServiceAccount>('v1', 'ServiceAccount', 'serviceaccounts');
