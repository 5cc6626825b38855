// Declares a function: its service, then the account and the trigger that belong to it. Each step may be repeated, and any replica may
// end what another one has begun.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../../core/errors.ts';
import { serviceName } from '../../../core/function.ts';
import type { FunctionSpec } from '../../../core/function-spec.ts';
import { apply } from '../apply.ts';
import type { KubernetesClient } from '../client.ts';
import { unavailable } from '../errors.ts';
import { create } from '../verbs.ts';
import { decide, nameConflict, type Decision } from './decide.ts';
import { isOf, specIn } from './function-labels.ts';
import { serviceAccounts, services, triggers, type KnativeService, type Trigger } from './objects.ts';
import { takeOverFields } from './own-fields.ts';
import { ownedBy, readParts, type Parts } from './parts.ts';
import { serviceAccount } from './service-account.ts';
import { knativeService } from './service.ts';
import type { FunctionSettings } from './settings.ts';
import { trigger } from './trigger.ts';

export type Declared = {
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'superseded';
  readonly service: KnativeService;
  readonly trigger: Trigger | undefined;
};

type Deps = { readonly client: KubernetesClient; readonly settings: FunctionSettings };

/** Knative writes its status all the while a function is being deployed; each of its writes can cost one try. */
const maxTries = 20;
const longestPauseMs = 250;

/** Undefined when somebody else was quicker. */
const write = async (
  { client, settings }: Deps,
  spec: FunctionSpec,
  { does, begunFor }: Exclude<Decision, { does: 'keep' | 'wait' }>,
  current: KnativeService | undefined,
): Promise<KnativeService | undefined> => {
  const appliedAt = Date.now();
  const createdAt = (current && specIn(current.metadata)?.createdAt) ?? appliedAt;
  const wanted = knativeService(spec, { createdAt, appliedAt, begunFor }, settings);
  if (does === 'create' || current === undefined) {
    const created = await create(client, services, settings.namespace, wanted);
    return created === 'exists' ? undefined : created;
  }
  const own = await takeOverFields(client, current);
  if (own === undefined) return undefined;
  const { resourceVersion = '' } = own.metadata;
  const applied = await apply(client, services, settings.namespace, {
    ...wanted,
    metadata: { ...wanted.metadata, resourceVersion },
  });
  return 'object' in applied ? applied.object : undefined;
};

const declareBelongings = async ({ client, settings }: Deps, spec: FunctionSpec, service: KnativeService): Promise<Trigger> => {
  const owner = ownedBy(service);
  // The account first: whoever finds the trigger knows that all is there.
  const account = await apply(client, serviceAccounts, settings.namespace, serviceAccount(spec, owner, settings));
  const applied = await apply(client, triggers, settings.namespace, trigger(spec, owner, settings));
  if ('object' in account && 'object' in applied) return applied.object;
  throw unavailable(new Error(`The belongings of ${spec.name} could not be applied`));
};

const refuseForeign = ({ trigger, account }: Parts, spec: FunctionSpec): void => {
  for (const part of [trigger, account]) {
    if (part !== undefined && !isOf(part.metadata, spec.ref)) throw nameConflict(spec.name);
  }
};

/** One try; undefined when it has to be decided anew. */
const declareOnce = async (deps: Deps, spec: FunctionSpec): Promise<Declared | undefined> => {
  const parts = await readParts(deps.client, { namespace: deps.settings.namespace, name: spec.name });
  const decision = decide(parts.service, spec);
  refuseForeign(parts, spec);
  if (decision.does === 'wait') return undefined;
  const { outcome } = decision;
  const service = decision.does === 'keep' ? parts.service : await write(deps, spec, decision, parts.service);
  if (service === undefined) return undefined;
  if (decision.does === 'keep' && parts.trigger !== undefined) return { outcome, service, trigger: parts.trigger };
  return { outcome, service, trigger: await declareBelongings(deps, spec, service) };
};

export const declareFunction = async (deps: Deps, spec: FunctionSpec): Promise<Declared> => {
  if (spec.name !== serviceName(spec.ref)) throw nameConflict(spec.name);
  for (let tries = 1; tries <= maxTries; tries++) {
    const declared = await declareOnce(deps, spec);
    if (declared !== undefined) return declared;
    await sleep(Math.random() * Math.min(longestPauseMs, 10 * 2 ** tries));
  }
  throw new CodedError('CLUSTER_UNAVAILABLE', `The service "${spec.name}" is being changed by others all the time`, {
    retryAfterSeconds: 5,
  });
};
