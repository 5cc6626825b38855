// Events that the platform emits. Their id is derived from their cause, so that a retry emits the same event again.
import { createHash } from 'node:crypto';
import type { Build, EndStatus } from './build.ts';
import type { CloudEvent } from './cloudevent.ts';
import type { CodedError } from './errors.ts';
import { typePrefix } from './event-type.ts';
import { eventSourceOf, type FunctionRef } from './function.ts';
import { toJsonFormat } from './json-format.ts';

export const emittedNames = [
  'build.queued',
  'build.started',
  'build.complete',
  'build.failed',
  'build.timeout',
  'build.cancelled',
  'service.created',
  'service.updated',
  'service.deleted',
  'event.rejected',
] as const;
export type EmittedName = (typeof emittedNames)[number];

/** Source of events that are about no function, such as the rejection of an unreadable one. No tenant can have this name. */
export const platformSource = 'network.notifi.lambda/builder';

/** What an emitted event says of where it comes from. */
export type Origin = { cause: { source: string; id: string }; correlationId: string; traceparent: string };

const derivedId = (name: string, origin: Origin, discriminator: string): string =>
  createHash('sha256').update(`${origin.cause.source}\0${origin.cause.id}\0${name}\0${discriminator}`).digest('hex').slice(0, 32);

/**
 * @param ref the function it is about, or undefined when nobody can tell
 * @param discriminator tells apart what one cause emits twice, such as the attempts of a build
 * @param now milliseconds since the epoch
 */
export const emitted = (
  name: EmittedName,
  ref: FunctionRef | undefined,
  origin: Origin,
  data: Record<string, unknown>,
  now: number,
  discriminator = '',
): CloudEvent => ({
  specversion: '1.0',
  id: derivedId(name, origin, discriminator),
  source: ref === undefined ? platformSource : eventSourceOf(ref),
  type: `${typePrefix}${name}`,
  ...(ref === undefined ? {} : { subject: ref.function }),
  time: new Date(now).toISOString(),
  datacontenttype: 'application/json',
  extensions: { correlationid: origin.correlationId, causationid: origin.cause.id, traceparent: origin.traceparent },
  data: { json: ref === undefined ? data : { third_party_id: ref.tenant, parser_id: ref.function, ...data } },
});

const endNames: Record<EndStatus, EmittedName> = {
  complete: 'build.complete',
  failed: 'build.failed',
  timeout: 'build.timeout',
  cancelled: 'build.cancelled',
};

/** What a completion says of the build that ended. */
export type EndedBuild = Pick<
  Build,
  | 'buildId'
  | 'ref'
  | 'jobName'
  | 'attempt'
  | 'image'
  | 'contentHash'
  | 'cause'
  | 'correlationId'
  | 'traceparent'
  | 'createdAt'
  | 'startedAt'
  | 'endedAt'
  | 'imageDigest'
  | 'exitCode'
  | 'errorMessage'
> & { readonly status: EndStatus };

/** The completion event of an ended build, as the build monitor and local mode emit it. */
export const completionOf = (build: EndedBuild): CloudEvent =>
  emitted(
    endNames[build.status],
    build.ref,
    build,
    {
      build_id: build.buildId,
      job_name: build.jobName,
      image_uri: build.image,
      content_hash: build.contentHash,
      status: build.status,
      // The clock may have been set back in between.
      duration_ms: Math.max(0, (build.endedAt ?? build.createdAt) - (build.startedAt ?? build.createdAt)),
      correlation_id: build.correlationId,
      ...(build.imageDigest === undefined ? {} : { image_digest: build.imageDigest }),
      ...(build.exitCode === undefined ? {} : { exit_code: build.exitCode }),
      ...(build.errorMessage === undefined ? {} : { error_message: build.errorMessage.slice(0, 4096).toWellFormed() }),
    },
    build.endedAt ?? build.createdAt,
    `${build.buildId}\0${build.attempt}`,
  );

/** What a broker's trigger takes to the dead-letter queue: the original and why it can never succeed. */
export const rejectionOf = (
  original: CloudEvent | { bytes: Buffer; contentType: string | undefined; headers?: Readonly<Record<string, string>> },
  ref: FunctionRef | undefined,
  origin: Origin,
  error: CodedError,
  now: number,
): CloudEvent =>
  emitted(
    'event.rejected',
    ref,
    origin,
    {
      code: error.code,
      category: error.category,
      message: error.message,
      retryable: error.retryable,
      ...(error.details.field === undefined ? {} : { field: error.details.field }),
      ...('bytes' in original
        ? {
            original_base64: original.bytes.toString('base64'),
            original_content_type: original.contentType ?? null,
            ...(original.headers === undefined ? {} : { original_headers: original.headers }),
          }
        : { original: toJsonFormat(original) }),
    },
    now,
    error.code,
  );
