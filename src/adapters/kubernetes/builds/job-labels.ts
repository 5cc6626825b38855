// What a build's job says of itself: a BuildRequest as annotations, which hold exact values, and as labels, which can be selected by.
import { isBuildId, type BuildRequest } from '../../../core/build.ts';
import { cancelledAnnotation } from '../../../core/build-progress.ts';
import { isId, labelValue } from '../../../core/function.ts';
import { isRuntime } from '../../../core/source.ts';
import type { ObjectMeta } from '../objects.ts';

const prefix = 'build.notifi.network/';

export const annotations = {
  tenant: `${prefix}third-party-id`,
  function: `${prefix}parser-id`,
  buildId: `${prefix}build-id`,
  contentHash: `${prefix}content-hash`,
  correlationId: `${prefix}correlation-id`,
  traceparent: `${prefix}traceparent`,
  causeSource: `${prefix}cause-source`,
  causeId: `${prefix}cause-id`,
  buildKey: `${prefix}build-key`,
  sourceKey: `${prefix}source-key`,
  runtime: `${prefix}runtime`,
  handler: `${prefix}handler`,
  image: `${prefix}image`,
  contextKey: `${prefix}context-key`,
  priority: `${prefix}priority`,
  requestedAt: `${prefix}requested-at`,
  attempt: `${prefix}attempt`,
  createdAt: `${prefix}created-at`,
  /** Only on a build that was cancelled and whose job is about to go. */
  cancelledAt: cancelledAnnotation,
  /** Changed by whoever relies on a job that somebody else has made, so that this one can't take it away any more. */
  adoptedAt: `${prefix}adopted-at`,
} as const;

/** Where the job is on its way to a running place: what the sweep selects by. */
export const queueLabel = `${prefix}queue`;
export type QueueState = 'waiting' | 'admitted' | 'cancelled';

export const allBuilds = 'app.kubernetes.io/part-of=knative-lambda,app.kubernetes.io/component=build';

export const labelsOf = ({ buildId, ref, contentHash }: BuildRequest): Record<string, string> => ({
  'app.kubernetes.io/name': 'kaniko',
  'app.kubernetes.io/component': 'build',
  'app.kubernetes.io/part-of': 'knative-lambda',
  'app.kubernetes.io/managed-by': 'knative-lambda',
  [annotations.tenant]: labelValue(ref.tenant),
  [annotations.function]: labelValue(ref.function),
  [annotations.buildId]: buildId,
  [annotations.contentHash]: labelValue(contentHash),
});

/** `createdAt` in ms since the epoch: the server's own time of creation knows only whole seconds. */
export type Attempt = { attempt: number; createdAt: number };

export const annotationsOf = (request: BuildRequest, { attempt, createdAt }: Attempt): Record<string, string> => ({
  [annotations.tenant]: request.ref.tenant,
  [annotations.function]: request.ref.function,
  [annotations.buildId]: request.buildId,
  [annotations.contentHash]: request.contentHash,
  [annotations.correlationId]: request.correlationId,
  [annotations.traceparent]: request.traceparent,
  [annotations.causeSource]: request.cause.source,
  [annotations.causeId]: request.cause.id,
  [annotations.buildKey]: request.buildKey,
  [annotations.sourceKey]: request.sourceKey,
  [annotations.runtime]: request.runtime,
  ...(request.handler === undefined ? {} : { [annotations.handler]: request.handler }),
  [annotations.image]: request.image,
  [annotations.contextKey]: request.contextKey,
  [annotations.priority]: String(request.priority),
  [annotations.requestedAt]: String(request.requestedAt),
  [annotations.attempt]: String(attempt),
  [annotations.createdAt]: String(createdAt),
});

/** Whole and not negative, as far as a number is exact. */
const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Undefined when an annotation is missing or none that was written here: whoever may change jobs may write anything. */
export const requestIn = (metadata: ObjectMeta): (BuildRequest & Attempt) | undefined => {
  const text = (name: keyof typeof annotations): string => metadata.annotations?.[annotations[name]] ?? '';
  const number = (name: keyof typeof annotations): number => numberIn(metadata.annotations?.[annotations[name]]) ?? NaN;
  const [buildId, tenant, name, runtime, handler] = [
    text('buildId'),
    text('tenant'),
    text('function'),
    text('runtime'),
    text('handler'),
  ];
  const numbers = {
    priority: number('priority'),
    requestedAt: number('requestedAt'),
    attempt: number('attempt'),
    createdAt: number('createdAt'),
  };
  if (!isBuildId(buildId) || !isId(tenant) || !isId(name) || !isRuntime(runtime)) return undefined;
  if (Object.values(numbers).some(Number.isNaN) || text('image') === '' || text('contextKey') === '') return undefined;
  return {
    buildId,
    ref: { tenant, function: name },
    buildKey: text('buildKey'),
    contentHash: text('contentHash'),
    sourceKey: text('sourceKey'),
    runtime,
    ...(handler === '' ? {} : { handler }),
    image: text('image'),
    contextKey: text('contextKey'),
    cause: { source: text('causeSource'), id: text('causeId') },
    correlationId: text('correlationId'),
    traceparent: text('traceparent'),
    ...numbers,
  };
};
