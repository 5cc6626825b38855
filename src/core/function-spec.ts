// What a function is to be, and which of two such wishes stands. In whatever order they arrive, every replica comes to the same end.
import type { FunctionRef } from './function.ts';
import type { Runtime } from './source.ts';

export type FunctionSpec = {
  readonly ref: FunctionRef;
  /** Name of the service, see function.ts. */
  readonly name: string;
  readonly image: string;
  readonly imageDigest: string;
  readonly runtime: Runtime;
  readonly buildId: string;
  /** ms since the epoch; of two specs the later requested one wins, in whatever order they are applied. */
  readonly requestedAt: number;
};

export const isSameRef = (one: FunctionRef, other: FunctionRef): boolean =>
  one.tenant === other.tenant && one.function === other.function;

/** Whether the same processes would run. */
export const isSameRevision = (one: FunctionSpec, other: FunctionSpec): boolean =>
  one.imageDigest === other.imageDigest && one.image === other.image && one.runtime === other.runtime;

/** Requests of one moment are told apart by what they ask for, so that every order of application ends the same. */
export const isOlder = (one: FunctionSpec, other: FunctionSpec): boolean => {
  if (one.requestedAt !== other.requestedAt) return one.requestedAt < other.requestedAt;
  const key = ({ buildId, imageDigest, image, runtime }: FunctionSpec): string =>
    JSON.stringify([buildId, imageDigest, image, runtime]);
  return key(one) < key(other);
};

/** The spec alone: whoever gives one may have more in hand. */
export const specOf = ({ ref, name, image, imageDigest, runtime, buildId, requestedAt }: FunctionSpec): FunctionSpec => ({
  ref: { tenant: ref.tenant, function: ref.function },
  name,
  image,
  imageDigest,
  runtime,
  buildId,
  requestedAt,
});
