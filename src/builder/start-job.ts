// job.start: the build job of a context that is already packed, again.
import { hasEnded, lastEnd, type Build, type BuildRequest } from '../core/build.ts';
import { emitted, type Origin } from '../core/emitted.ts';
import { CodedError } from '../core/errors.ts';
import type { LambdaEvent } from '../core/events.ts';
import type { EventSink, ImageBuilder, ObjectStore } from '../ports.ts';
import type { Outcome } from './outcome.ts';

type Deps = { builds: ImageBuilder; temp: ObjectStore; events: EventSink; now: () => number };

const unknown = (message: string, field: string): CodedError => new CodedError('BUILD_UNKNOWN', message, { field });

/** The build that is named, or the function's newest (of that content). */
const findBuild = async (builds: ImageBuilder, { ref, data }: LambdaEvent<'job.start'>): Promise<Build> => {
  if (data.build_id !== undefined) {
    const build = await builds.get(data.build_id);
    if (build?.ref.tenant !== ref.tenant || build.ref.function !== ref.function) {
      throw unknown(`The function has no build "${data.build_id}"`, 'data.build_id');
    }
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
    const isSameCause = build.cause.source === origin.cause.source && build.cause.id === origin.cause.id;
    if (isSameCause && hasEnded(build.status))
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
    const { outcome, build: submitted } = await deps.builds.submit(request, lastEnd(build));
    if (outcome === 'exists' && !isSameCause)
      return { ...common, status: 'skipped', message: `This build is ${submitted.status} already` };
    const name = submitted.status === 'queued' ? 'build.queued' : 'build.started';
    const about = {
      build_id: build.buildId,
      job_name: build.jobName,
      image_uri: build.image,
      content_hash: build.contentHash,
      attempt: submitted.attempt,
    };
    await deps.events.publish(emitted(name, ref, origin, about, submitted.createdAt, `${build.buildId}\0${submitted.attempt}`));
    return {
      ...common,
      status: submitted.status === 'queued' ? 'queued' : 'started',
      message: `Attempt ${submitted.attempt} of the build`,
    };
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
