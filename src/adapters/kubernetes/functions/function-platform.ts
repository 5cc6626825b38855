// Functions as Knative Services, each with a Trigger on the functions' broker. The cluster is the only memory.
import { serviceName, type FunctionRef } from '../../../core/function.ts';
import type { FunctionPlatform, FunctionState } from '../../../ports.ts';
import type { KubernetesClient } from '../client.ts';
import { get } from '../verbs.ts';
import { declareFunction } from './apply-function.ts';
import { isOf } from './function-labels.ts';
import { invokeFunction, type PostEvent } from './invoke.ts';
import { listFunctions, stateOf } from './list-functions.ts';
import { services, type KnativeService } from './objects.ts';
import { readRevision } from './parts.ts';
import { removeFunction } from './remove-function.ts';
import { deliverySeconds, type FunctionSettings } from './settings.ts';
import { functionState, isTriggerReady, replicasOf } from './state.ts';

export type FunctionPlatformDeps = { readonly client: KubernetesClient; readonly post: PostEvent };

const isPresent = (state: FunctionState | undefined): FunctionState => {
  if (state === undefined) throw new Error('A service that was just applied has no spec');
  return state;
};

export const createKubernetesFunctionPlatform = (
  { client, post }: FunctionPlatformDeps,
  settings: FunctionSettings,
): FunctionPlatform => {
  const { namespace } = settings;
  const placeOf = (ref: FunctionRef) => ({ namespace, name: serviceName(ref) });

  /** One that is on its way out is no longer there. */
  const read = async (ref: FunctionRef): Promise<KnativeService | undefined> => {
    const service = await get(client, services, placeOf(ref));
    const isOurs = service !== undefined && service.metadata.deletionTimestamp === undefined && isOf(service.metadata, ref);
    return isOurs ? service : undefined;
  };

  return {
    apply: async (spec) => {
      const { outcome, service, trigger } = await declareFunction({ client, settings }, spec);
      const replicas = replicasOf(await readRevision(client, service));
      return { outcome, state: isPresent(functionState(service, isTriggerReady(trigger), replicas)) };
    },
    get: async (ref) => {
      const service = await read(ref);
      return service === undefined ? undefined : stateOf(client, service);
    },
    list: (filter, page) => listFunctions(client, namespace, filter, page),
    remove: (ref) => removeFunction(client, placeOf(ref), ref),
    invoke: (ref, event, signal) =>
      invokeFunction({ read, post }, ref, event, {
        waitMs: settings.timeoutSeconds * 1000,
        callMs: deliverySeconds(settings) * 1000,
        signal,
      }),
  };
};
