// What a build is: its key (what it is made of), its id (whose it is), and what a completion must match to be believed.
import { hash } from 'node:crypto';
import { CodedError } from './errors.ts';
import type { FunctionRef } from './function.ts';
import type { Runtime, SourceKind } from './source.ts';

export const buildStatuses = ['queued', 'running', 'complete', 'failed', 'timeout', 'cancelled'] as const;
export type BuildStatus = (typeof buildStatuses)[number];
export type EndStatus = Exclude<BuildStatus, 'queued' | 'running'>;

/** All that is needed to run the build and to finish it, in whichever process that happens. */
export type BuildRequest = {
  readonly buildId: string;
  readonly ref: FunctionRef;
  readonly buildKey: string;
  /** sha256 of the source, 64 hex digits: the `content_hash` of events. */
  readonly contentHash: string;
  readonly sourceKey: string;
  readonly runtime: Runtime;
  readonly handler?: string;
  readonly image: string;
  readonly contextKey: string;
  /** 1 (first) to 10. */
  readonly priority: number;
  /** When the event that asked for it arrived, ms since the epoch: the newest request wins the deployment. */
  readonly requestedAt: number;
  readonly cause: { readonly source: string; readonly id: string };
  readonly correlationId: string;
  readonly traceparent: string;
};

export type Build = BuildRequest & {
  readonly status: BuildStatus;
  readonly jobName: string;
  /** 1 for the first try; the next try of a failed build counts on. */
  readonly attempt: number;
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly exitCode?: number;
  readonly imageDigest?: string;
  readonly errorMessage?: string;
};

export const hasEnded = (status: BuildStatus): status is EndStatus => status !== 'queued' && status !== 'running';

/** The last attempt that this says has ended; 0 for none. */
export const lastEnd = (build: Build | undefined): number =>
  build === undefined ? 0 : hasEnded(build.status) ? build.attempt : build.attempt - 1;

export type BuildIngredients = {
  /** sha256 of the source, hex. */
  contentHash: string;
  /** How those bytes are read: the same ones may be two archives. */
  kind: SourceKind;
  /** The name of a single file, which says how it is loaded; null for every other kind, whose bytes name the files. */
  entry: string | null;
  runtime: Runtime;
  handler?: string;
  /** Changes when any file of the template changes. */
  templateVersion: string;
  baseImages: Readonly<Record<string, string>>;
  builderOptions: Readonly<Record<string, string>>;
};

const sorted = (record: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** sha256 over everything that can change the image, 64 hex digits. Holds no tenant: equal sources share one context. */
export const buildKey = (from: BuildIngredients): string =>
  hash(
    'sha256',
    JSON.stringify([
      from.contentHash,
      from.kind,
      from.entry,
      from.runtime,
      from.handler ?? null,
      from.templateVersion,
      sorted(from.baseImages),
      sorted(from.builderOptions),
    ]),
  );

/** 16 hex digits. A forced build is another build of the same key, and the same forced event is the same build. */
export const buildId = (ref: FunctionRef, key: string, forcedBy?: { source: string; id: string }): string => {
  const forced = forcedBy === undefined ? '' : `\0${forcedBy.source}\0${forcedBy.id}`;
  return hash('sha256', `${ref.tenant}\0${ref.function}\0${key}${forced}`).slice(0, 16);
};

export const buildIdPattern = '^[0-9a-f]{16}$';
const buildIdRule = new RegExp(buildIdPattern);

export const isBuildId = (value: string): boolean => buildIdRule.test(value);

export const jobName = (id: string): string => `build-${id}`;

export const contextKey = (key: string): string => `contexts/${key}.tar.gz`;

export const retryAfterFailureMs = 5 * 60_000;

/** When an equal event may try a failed build again: ms since the epoch; `undefined` if it may at once. */
export const nextTryAt = (build: Build, now: number): number | undefined => {
  if (build.status !== 'failed' && build.status !== 'timeout') return undefined;
  const at = (build.endedAt ?? build.createdAt) + retryAfterFailureMs;
  return at > now ? at : undefined;
};

export type Completion = {
  build_id: string;
  job_name?: string;
  image_uri?: string;
  image_digest?: string;
  content_hash?: string;
};

/** Refuses a completion that names another function, job, image or source than the build it claims to end. */
export const checkCompletion = (build: Build, ref: FunctionRef, completion: Completion): void => {
  const pairs: [field: string, claimed: string | undefined, actual: string | undefined][] = [
    ['third_party_id', ref.tenant, build.ref.tenant],
    ['parser_id', ref.function, build.ref.function],
    ['job_name', completion.job_name, build.jobName],
    ['image_uri', completion.image_uri, build.image],
    // Events may write the algorithm before the digits.
    ['content_hash', completion.content_hash?.replace('sha256:', ''), build.contentHash],
    ['image_digest', completion.image_digest, build.imageDigest ?? completion.image_digest],
  ];
  for (const [field, claimed, actual] of pairs) {
    if (claimed !== undefined && claimed !== actual) {
      throw new CodedError('COMPLETION_MISMATCH', `Field "${field}" is not that of build ${build.buildId}`, { field });
    }
  }
};
