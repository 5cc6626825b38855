// What the platform says of a function, read off its service, its trigger and the revision that serves it.
import type { FunctionState } from '../../../ports.ts';
import type { Condition, KubernetesObject } from '../objects.ts';
import { specIn } from './function-labels.ts';
import type { KnativeService, Revision, Trigger } from './objects.ts';

type Conditioned = KubernetesObject & { status?: { observedGeneration?: number; conditions?: Condition[] } };

/** Undefined while the controller has not looked at what was asked for last. */
const readiness = ({ metadata, status }: Conditioned): Condition | undefined =>
  status?.observedGeneration === metadata.generation ? status?.conditions?.find(({ type }) => type === 'Ready') : undefined;

/** Of the service alone: it can be called before its trigger is ready. */
export const serviceState = (service: KnativeService): Pick<FunctionState, 'state' | 'reason'> => {
  const ready = readiness(service);
  if (ready?.status === 'True') return { state: 'ready' };
  if (ready?.status === 'False')
    return { state: 'failed', reason: (ready.message ?? ready.reason ?? 'It is not ready').slice(0, 2_000) };
  return { state: 'deploying' };
};

export const internalUrl = (name: string, namespace: string): string => `http://${name}.${namespace}.svc.cluster.local`;

/** The address inside of the cluster. Until Knative has said which it is, the one that it will be. */
export const urlOf = ({ metadata, status }: KnativeService): string =>
  status?.address?.url ?? status?.url ?? internalUrl(metadata.name, metadata.namespace ?? '');

export const isTriggerReady = (trigger: Trigger | undefined): boolean =>
  trigger !== undefined && readiness(trigger)?.status === 'True';

export const replicasOf = (revision: Revision | undefined): number => revision?.status?.actualReplicas ?? 0;

/**
 * Undefined for a service that is none of ours. Without a trigger that is ready a broker hands events to nobody, also those for a service
 * that failed. A trigger that is not ready is none that failed: its broker may be away for a while, and it mends itself.
 * @param replicas undefined where nobody counted
 */
export const functionState = (
  service: KnativeService,
  hasReadyTrigger: boolean,
  replicas: number | undefined,
): FunctionState | undefined => {
  const spec = specIn(service.metadata);
  if (spec === undefined) return undefined;
  const { appliedAt, ...rest } = spec;
  return {
    ...rest,
    ...(hasReadyTrigger ? serviceState(service) : { state: 'deploying' }),
    url: urlOf(service),
    ...(replicas === undefined ? {} : { replicas }),
    updatedAt: appliedAt,
  };
};
