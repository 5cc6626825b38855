// The ServiceAccount of a function, as it is sent: an identity that may do nothing, and that no token is mounted for.
import type { FunctionSpec } from '../../../core/function-spec.ts';
import type { OwnerReference } from '../objects.ts';
import { labelsOf, ownerAnnotations } from './function-labels.ts';
import { serviceAccounts, type ServiceAccount } from './objects.ts';
import type { FunctionSettings } from './settings.ts';

/** @param owner the service: the account goes with it */
export const serviceAccount = (
  { ref, name }: FunctionSpec,
  owner: OwnerReference,
  settings: FunctionSettings,
): ServiceAccount => ({
  apiVersion: serviceAccounts.apiVersion,
  kind: serviceAccounts.kind,
  metadata: {
    name,
    namespace: settings.namespace,
    labels: labelsOf(ref),
    annotations: ownerAnnotations(ref),
    ownerReferences: [owner],
  },
  automountServiceAccountToken: false,
  ...(settings.imagePullSecrets === undefined ? {} : { imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })) }),
});
