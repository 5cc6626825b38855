// What a process that died left half done, found and finished: at start, and again and again. Runs beside live traffic.
import { hasEnded } from '../core/build.ts';
import { originOf } from '../core/correlation.ts';
import { toCodedError } from '../core/errors.ts';
import { serviceName } from '../core/function.ts';
import type { Logger } from '../ops/logger.ts';
import { finishBuild, type FinishDeps } from './finish-build.ts';
import type { PendingEvent } from './pending-events.ts';
import type { StartBuild } from './start-build.ts';

type Deps = FinishDeps & { startBuild: StartBuild; logger: Logger; now: () => number };

/** An event waits and nothing is under way for it: hand it over, finish the build, or begin one. */
const settle = async (deps: Deps, { ref, event, sourceKey }: PendingEvent): Promise<void> => {
  const state = await deps.functions.get(ref);
  if (state !== undefined) {
    if (state.state !== 'deploying') await deps.pending.deliver(ref);
    return;
  }
  const { items } = await deps.builds.list(ref, { limit: 100 });
  if (items.some((build) => !hasEnded(build.status))) return;
  const [newest] = items;
  const origin = originOf(event);
  if (newest !== undefined && newest.cause.id === event.id) {
    await finishBuild(deps, newest, origin);
    return;
  }
  try {
    const outcome = await deps.startBuild({ ref, sourceKey }, origin);
    if (outcome.failedLately === true && newest !== undefined) await finishBuild(deps, newest, origin);
  } catch (thrown) {
    const error = toCodedError(thrown);
    if (error.retryable) throw thrown;
    await deps.pending.reject(ref, error);
  }
};

/**
 * One pass. What fails is logged and tried again by the next.
 * @param olderThanMs events that came later are left: somebody is at work on them
 */
export const createSweep =
  (deps: Deps) =>
  async (olderThanMs: number): Promise<void> => {
    const seen = new Set<string>();
    for await (const waiting of deps.pending.list()) {
      const name = serviceName(waiting.ref);
      if (seen.has(name) || deps.now() - waiting.keptAt < olderThanMs) continue;
      seen.add(name);
      try {
        await settle(deps, waiting);
      } catch (error) {
        const { tenant, function: parser } = waiting.ref;
        deps.logger.warn({ err: error, third_party_id: tenant, parser_id: parser }, 'a waiting event could not be settled yet');
      }
    }
    await deps.builds.admitNext();
  };
