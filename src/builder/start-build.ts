// build.start: a source becomes a packed context and a submitted build, unless one of the two is there already.
import { buildId, contextKey, hasEnded, lastEnd, nextTryAt, type Build, type BuildRequest } from '../core/build.ts';
import { isSameEvent } from '../core/cloudevent.ts';
import type { Origin } from '../core/emitted.ts';
import { CodedError } from '../core/errors.ts';
import { defaultSourceKey, imageName, type FunctionRef } from '../core/function.ts';
import { languageOf, type Language, type Runtime } from '../core/source.ts';
import type { EventSink, FunctionPlatform, ImageBuilder, ObjectStore } from '../ports.ts';
import { beginBuild } from './begin-build.ts';
import { packContext } from './build-context.ts';
import { createBuildKeys, type BuildKeyOf } from './build-keys.ts';
import type { Deploy } from './deploy.ts';
import { alreadyServed, deployExisting } from './deploy-existing.ts';
import type { Packing } from './limits.ts';
import type { BuilderMetrics } from './metrics.ts';
import type { Outcome } from './outcome.ts';
import type { Source } from './read-source.ts';
import type { SourceFacts, SourceReader } from './source-facts.ts';
import type { Templates } from './template.ts';

export type BuildWish = {
  ref: FunctionRef;
  sourceKey?: string | undefined;
  runtime?: Runtime | Language | undefined;
  handler?: string | undefined;
  priority?: number | undefined;
  force?: boolean | undefined;
  contentHash?: string | undefined;
  /**
   * When this version of the function was asked for, by the event's own time: ms since the epoch. Undefined when any version will do: such a
   * wish outdates no other.
   */
  askedAt?: number | undefined;
};

export type StartBuild = (wish: BuildWish, origin: Origin) => Promise<Outcome>;

export type StartBuildDeps = {
  temp: ObjectStore;
  builds: ImageBuilder;
  functions: FunctionPlatform;
  events: EventSink;
  sources: SourceReader;
  templates: Templates;
  packing: Packing;
  deploy: Deploy;
  metrics: BuilderMetrics;
  images: {
    registry: string;
    repository: string;
    /** Of the tool that builds, as far as they change the image. */
    options: Readonly<Record<string, string>>;
  };
  now: () => number;
};

type Deps = StartBuildDeps & { keyOf: BuildKeyOf };

const defaultPriority = 5;
const maxTries = 3;

const checkHash = (wanted: string | undefined, { contentHash }: Pick<SourceFacts, 'contentHash'>): void => {
  if (wanted !== undefined && wanted.replace('sha256:', '') !== contentHash) {
    throw new CodedError('CONTENT_HASH_MISMATCH', `The source has the hash ${contentHash}, not the one in "data.content_hash"`, {
      field: 'data.content_hash',
    });
  }
};

const requestOf = async (
  deps: Deps,
  wish: BuildWish,
  sourceKey: string,
  facts: SourceFacts,
  origin: Origin,
): Promise<BuildRequest> => {
  const key = deps.keyOf(facts, wish.handler, await deps.templates(languageOf(facts.runtime)));
  return {
    buildId: buildId(wish.ref, key, wish.force === true ? origin.cause : undefined),
    ref: wish.ref,
    buildKey: key,
    contentHash: facts.contentHash,
    sourceKey,
    runtime: facts.runtime,
    ...(wish.handler === undefined ? {} : { handler: wish.handler }),
    image: imageName(deps.images.registry, deps.images.repository, wish.ref, key),
    contextKey: contextKey(key),
    priority: wish.priority ?? defaultPriority,
    requestedAt: deps.now(),
    ...origin,
  };
};

/** The outcome of an equal event that has nothing to start. */
const alreadyUnderWay = (build: Build | undefined, origin: Origin, now: number): Outcome | undefined => {
  if (build === undefined) return undefined;
  const skipped = { status: 'skipped', ref: build.ref, buildId: build.buildId } as const;
  if (!hasEnded(build.status)) {
    // One that waits may be one too many, about to be taken back by whoever made it: submitting it as well makes sure that it stays.
    const isSure = build.status === 'running' && !isSameEvent(build.cause, origin.cause);
    return isSure ? { ...skipped, message: 'This build is running already' } : undefined;
  }
  if (build.status === 'cancelled' && isSameEvent(build.cause, origin.cause))
    return { ...skipped, message: 'This build was cancelled; a new event begins it again' };
  const at = nextTryAt(build, now);
  if (at === undefined) return undefined;
  const why = build.errorMessage === undefined ? '' : `: ${build.errorMessage.slice(0, 500)}`;
  const again = `An equal event tries it again after ${new Date(at).toISOString()}; "force" or job.start do at once`;
  const failed = { failedLately: true, timedOut: build.status === 'timeout' };
  return { ...skipped, ...failed, message: `This build has ended as "${build.status}"${why}. ${again}` };
};

const pack = async (deps: StartBuildDeps, request: BuildRequest, source: Source, ifAbsent: boolean): Promise<void> => {
  const begun = performance.now();
  // The source may have changed since it was hashed: then its context would stand under the wrong key.
  checkHash(request.contentHash, source);
  const template = await deps.templates(languageOf(request.runtime));
  await deps.temp.write(request.contextKey, packContext(source, template, request.runtime, request.handler), { ifAbsent });
  deps.metrics.contextPacked((performance.now() - begun) / 1000);
};

/** An older context is written anew, so that the bucket does not let it expire while its build waits for its turn. */
const contextIsFreshMs = 24 * 3_600_000;

const packIfAbsent = async (
  deps: StartBuildDeps,
  wish: BuildWish,
  request: BuildRequest,
  read: Source | undefined,
): Promise<void> => {
  const found = await deps.temp.head(request.contextKey);
  if (found !== undefined && deps.now() - found.modifiedAt < contextIsFreshMs) return;
  const source = read ?? (await deps.sources.read(request.sourceKey, wish.runtime));
  try {
    await deps.packing(() => pack(deps, request, source, found === undefined));
  } finally {
    if (read === undefined) await source.spool.remove();
  }
};

/** How a build that is known before anything is packed ends the matter; else the last attempt after which it has to be built. */
const settle = async (
  deps: StartBuildDeps,
  wish: BuildWish,
  request: BuildRequest,
  origin: Origin,
): Promise<Outcome | { knownEnd: number }> => {
  const before = await deps.builds.get(request.buildId);
  const underWay = alreadyUnderWay(before, origin, deps.now());
  if (underWay !== undefined) return underWay;
  const toBuild = { knownEnd: lastEnd(before) };
  const isUnfinished = before !== undefined && !hasEnded(before.status);
  if (isUnfinished || (wish.force === true && before?.status !== 'complete')) return toBuild;
  const asked = { request, before, askedAt: wish.askedAt };
  const served = await alreadyServed(deps, asked);
  if (served !== undefined) return served;
  const named = await deps.builds.findImage(request.image);
  return named === undefined ? toBuild : deployExisting(deps, asked, named);
};

export const createStartBuild = (given: StartBuildDeps): StartBuild => {
  const deps: Deps = { ...given, keyOf: createBuildKeys(given.images.options) };
  return async (wish, origin) => {
    const sourceKey = wish.sourceKey ?? defaultSourceKey(wish.ref);
    const { facts, source } = await deps.sources.facts(sourceKey, wish.runtime);
    try {
      checkHash(wish.contentHash, facts);
      const request = await requestOf(deps, wish, sourceKey, facts, origin);
      for (let tries = 1; tries <= maxTries; tries++) {
        const settled = await settle(deps, wish, request, origin);
        if ('status' in settled) return settled;
        await packIfAbsent(deps, wish, request, source);
        const begun = await beginBuild(deps, request, settled.knownEnd);
        if ('status' in begun) return begun;
      }
      throw new CodedError('CLUSTER_UNAVAILABLE', 'The build ends again and again before it can be looked at');
    } finally {
      await source?.spool.remove();
    }
  };
};
