// Objects of Kubernetes as they travel: JSON, with the fields that somebody here reads or writes.

export type ObjectMeta = {
  name: string;
  namespace?: string;
  /** Told apart by this: an object that was deleted and made again under its name is another one. */
  uid?: string;
  /** Of this very content. Sent with a change, the change is refused when somebody else was quicker. */
  resourceVersion?: string;
  generation?: number;
  /** RFC 3339, whole seconds. */
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  ownerReferences?: readonly OwnerReference[];
};

export type OwnerReference = {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
};

export type KubernetesObject = { apiVersion: string; kind: string; metadata: ObjectMeta };

/** `status` and `reason` are open sets: any controller may add conditions of its own. */
export type Condition = {
  type: string;
  status: 'True' | 'False' | 'Unknown';
  reason?: string;
  message?: string;
  lastTransitionTime?: string;
};

/** A kind of object and where its objects are. `T` is what one looks like; nothing of it exists at run time. */
export type Resource<T extends KubernetesObject> = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  readonly example?: T;
};

export const resource = <T extends KubernetesObject>(apiVersion: string, kind: string, plural: string): Resource<T> => ({
  apiVersion,
  kind,
  plural,
});

/** @param namespace none for objects of the whole cluster */
export const pathOf = (
  of: Resource<KubernetesObject>,
  namespace: string | undefined,
  name?: string,
  subresource?: string,
): string => {
  const group = of.apiVersion.includes('/') ? `/apis/${of.apiVersion}` : `/api/${of.apiVersion}`;
  const parts = [namespace === undefined ? [] : ['namespaces', namespace], of.plural, name ?? [], subresource ?? []].flat();
  return `${group}/${parts.map(encodeURIComponent).join('/')}`;
};

export const isConditionTrue = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  conditions?.some((condition) => condition.type === type && condition.status === 'True') === true;
