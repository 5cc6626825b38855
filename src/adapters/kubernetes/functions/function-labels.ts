// Whose an object is, and the spec it was made from: exact values as annotations, and labels that can be selected by.
import { isBuildId } from '../../../core/build.ts';
import { isId, labelValue, type FunctionRef } from '../../../core/function.ts';
import { isSameRef, type FunctionSpec } from '../../../core/function-spec.ts';
import { isRuntime } from '../../../core/source.ts';
import type { ObjectMeta } from '../objects.ts';

const prefix = 'build.notifi.network/';

export const annotations = {
  tenant: `${prefix}third-party-id`,
  function: `${prefix}parser-id`,
  buildId: `${prefix}build-id`,
  image: `${prefix}image`,
  imageDigest: `${prefix}image-digest`,
  runtime: `${prefix}runtime`,
  requestedAt: `${prefix}requested-at`,
  /** The first time, and the last. Kubernetes' own time is of another clock, and in whole seconds. */
  createdAt: `${prefix}created-at`,
  appliedAt: `${prefix}applied-at`,
  /** On the revision: the request that it was begun for. Another one is another revision, also of the same image. */
  begunFor: `${prefix}begun-for`,
} as const;

export const allFunctions = 'app.kubernetes.io/part-of=knative-lambda,app.kubernetes.io/component=function';

export const labelsOf = (ref: FunctionRef): Record<string, string> => ({
  'app.kubernetes.io/name': 'function',
  'app.kubernetes.io/component': 'function',
  'app.kubernetes.io/part-of': 'knative-lambda',
  'app.kubernetes.io/managed-by': 'knative-lambda',
  [annotations.tenant]: labelValue(ref.tenant),
  [annotations.function]: labelValue(ref.function),
});

/** @returns a label selector; labels are cut, so that what it selects still has to be compared exactly */
export const selectorOf = (ref: Partial<FunctionRef>): string =>
  [
    allFunctions,
    ...(ref.tenant === undefined ? [] : [`${annotations.tenant}=${labelValue(ref.tenant)}`]),
    ...(ref.function === undefined ? [] : [`${annotations.function}=${labelValue(ref.function)}`]),
  ].join(',');

export const ownerAnnotations = (ref: FunctionRef): Record<string, string> => ({
  [annotations.tenant]: ref.tenant,
  [annotations.function]: ref.function,
});

export const isOf = (metadata: ObjectMeta, ref: FunctionRef): boolean =>
  isSameRef(ref, {
    tenant: metadata.annotations?.[annotations.tenant] ?? '',
    function: metadata.annotations?.[annotations.function] ?? '',
  });

export type Times = { readonly createdAt: number; readonly appliedAt: number };

export const specAnnotations = (spec: FunctionSpec, { createdAt, appliedAt }: Times): Record<string, string> => ({
  ...ownerAnnotations(spec.ref),
  [annotations.buildId]: spec.buildId,
  [annotations.image]: spec.image,
  [annotations.imageDigest]: spec.imageDigest,
  [annotations.runtime]: spec.runtime,
  [annotations.requestedAt]: String(spec.requestedAt),
  [annotations.createdAt]: String(createdAt),
  [annotations.appliedAt]: String(appliedAt),
});

const digest = /^sha256:[0-9a-f]{64}$/;
const wholeNumber = /^\d{1,15}$/;

/** Undefined when an annotation is missing or none that was written here: whoever may change services may write anything. */
export const specIn = (metadata: ObjectMeta): (FunctionSpec & Times) | undefined => {
  const text = (name: keyof typeof annotations): string => metadata.annotations?.[annotations[name]] ?? '';
  const [tenant, name, buildId, runtime] = [text('tenant'), text('function'), text('buildId'), text('runtime')];
  if (!isId(tenant) || !isId(name) || !isBuildId(buildId) || !isRuntime(runtime)) return undefined;
  const [image, imageDigest] = [text('image'), text('imageDigest')];
  const times = [text('requestedAt'), text('createdAt'), text('appliedAt')];
  if (image === '' || !digest.test(imageDigest) || !times.every((time) => wholeNumber.test(time))) return undefined;
  const [requestedAt = 0, createdAt = 0, appliedAt = 0] = times.map(Number);
  return {
    ref: { tenant, function: name },
    name: metadata.name,
    image,
    imageDigest,
    runtime,
    buildId,
    requestedAt,
    createdAt,
    appliedAt,
  };
};
