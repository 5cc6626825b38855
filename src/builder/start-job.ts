// job.start: the build job of a context that is already packed, again.
import { hasEnded, lastEnd, type Build, type BuildRequest } from '../core/build.ts';
import { isSameEvent } from '../core/cloudevent.ts';
import type { Origin } from '../core/emitted.ts';
import { CodedError } from '../core/errors.ts';
import type { LambdaEvent } from '../core/events.ts';
import { isSameRef } from '../core/function-spec.ts';
import type { EventSink, ImageBuilder, ObjectStore } from '../ports.ts';
import { beginBuild } from './begin-build.ts';
import type { Outcome } from './outcome.ts';

type Deps = { builds: ImageBuilder; temp: ObjectStore; events: EventSink; now: () => number };

const unknown = (message: string, field: string): CodedError => new CodedError('BUILD_UNKNOWN', message, { field });

/** The build that is named, or the function's newest (of that content). */
const findBuild = async (builds: ImageBuilder, { ref, data }: LambdaEvent<'job.start'>): Promise<Build> => {
  if (data.build_id !== undefined) {
    const build = await builds.get(data.build_id);
    if (build === undefined || !isSameRef(build.ref, ref))
      throw unknown(`The function has no build "${data.build_id}"`, 'data.build_id');
    return build;
  }
  const contentHash = data.content_hash?.replace('sha256:', '');
  const { items } = await builds.list({ ...ref, ...(contentHash === undefined ? {} : { contentHash }) }, { limit: 1 });
  const [newest] = items;
  if (newest === undefined)
    throw unknown('The function has no build of that content', contentHash === undefined ? 'data.build_id' : 'data.content_hash');
  return newest;
};

export const createStartJob =
  (deps: Deps) =>
  async (event: LambdaEvent<'job.start'>, origin: Origin): Promise<Outcome> => {
    const { ref, data } = event;
    const build = await findBuild(deps.builds, event);
    const common = { ref, buildId: build.buildId };
    if (isSameEvent(build.cause, origin.cause) && hasEnded(build.status))
      return { ...common, status: 'skipped', message: `This event has run the build already; it has ended as "${build.status}"` };
    if ((await deps.temp.head(build.contextKey)) === undefined) {
      throw unknown('The context of that build is gone; send build.start', 'data.build_id');
    }
    const request = {
      ...requestOf(build),
      priority: data.priority ?? build.priority,
      requestedAt: deps.now(),
      ...origin,
    };
    const begun = await beginBuild(deps, request, lastEnd(build));
    if ('status' in begun) return begun;
    return { ...common, status: 'skipped', message: `This build was run meanwhile; it has ended as "${begun.ended.status}"` };
  };

/** What was asked for, without how it went. */
const requestOf = (build: Build): BuildRequest => ({
  buildId: build.buildId,
  ref: build.ref,
  buildKey: build.buildKey,
  contentHash: build.contentHash,
  sourceKey: build.sourceKey,
  runtime: build.runtime,
  ...(build.handler === undefined ? {} : { handler: build.handler }),
  image: build.image,
  contextKey: build.contextKey,
  priority: build.priority,
  requestedAt: build.requestedAt,
  cause: build.cause,
  correlationId: build.correlationId,
  traceparent: build.traceparent,
});
