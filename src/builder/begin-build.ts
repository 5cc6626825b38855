// A packed context becomes a build that is under way, and the broker is told of it.
import { hasEnded, type Build, type BuildRequest } from '../core/build.ts';
import { isSameEvent } from '../core/cloudevent.ts';
import { emitted } from '../core/emitted.ts';
import type { EventSink, ImageBuilder } from '../ports.ts';
import type { Outcome } from './outcome.ts';

type Deps = { builds: ImageBuilder; events: EventSink };

/**
 * @param knownEnd see ImageBuilder.submit
 * @returns `ended`: the build was begun and has ended since the caller looked
 */
export const beginBuild = async (
  { builds, events }: Deps,
  request: BuildRequest,
  knownEnd: number,
): Promise<Outcome | { ended: Build }> => {
  const { outcome, build } = await builds.submit(request, knownEnd);
  const { ref, buildId, status, attempt } = build;
  if (hasEnded(status)) return { ended: build };
  // It may be the event's own build, whose first answer was lost. Then the broker is told again, with the same id: nobody may have been yet.
  if (outcome === 'exists' && !isSameEvent(build.cause, request.cause))
    return { ref, buildId, status: 'skipped', message: `This build is ${status} already` };
  const data = {
    build_id: buildId,
    job_name: build.jobName,
    image_uri: build.image,
    content_hash: build.contentHash,
    attempt,
  };
  const name = status === 'queued' ? 'build.queued' : 'build.started';
  await events.publish(emitted(name, ref, request, data, build.createdAt, `${buildId}\0${attempt}`));
  const what = attempt === 1 ? 'The build' : `Attempt ${attempt} of the build`;
  if (status === 'queued') return { ref, buildId, status: 'queued', message: `${what} waits for its turn` };
  return { ref, buildId, status: 'started', message: `${what} has started` };
};
