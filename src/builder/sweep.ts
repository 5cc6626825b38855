// What a process that died left half done, found and finished: at start, and again and again. Runs beside live traffic.
import { hasEnded, type Build } from '../core/build.ts';
import { isSameEvent } from '../core/cloudevent.ts';
import { originOf } from '../core/correlation.ts';
import type { Origin } from '../core/emitted.ts';
import { toCodedError } from '../core/errors.ts';
import { serviceName, type FunctionRef } from '../core/function.ts';
import type { Logger } from '../ops/logger.ts';
import type { Listed, ObjectStore, Page, StoredObject } from '../ports.ts';
import { declare } from './deploy.ts';
import { finishBuild, type FinishDeps } from './finish-build.ts';
import type { PendingEvent } from './pending-events.ts';
import type { StartBuild } from './start-build.ts';

type Deps = FinishDeps & { temp: ObjectStore; startBuild: StartBuild; logger: Logger; now: () => number };

const originOfBuild = ({ cause, correlationId, traceparent }: Build): Origin => ({ cause, correlationId, traceparent });

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
  try {
    if (newest !== undefined && isSameEvent(newest.cause, event)) {
      await finishBuild(deps, newest, origin);
      return;
    }
    const outcome = await deps.startBuild({ ref, sourceKey }, origin);
    if (outcome.failedLately === true && newest !== undefined) await finishBuild(deps, newest, origin);
  } catch (thrown) {
    const error = toCodedError(thrown);
    if (error.retryable) throw thrown;
    await deps.pending.reject(ref, error);
  }
};

/** One function's trouble is not another's. */
const attempt = async (deps: Deps, ref: FunctionRef, work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    const { tenant, function: parser } = ref;
    deps.logger.warn({ err: error, third_party_id: tenant, parser_id: parser }, 'a function could not be repaired yet');
  }
};

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/'));

/** One event says what its function needs, so of the others not even the content is read: there may be thousands. */
const settleWaiting = async (deps: Deps, before: number): Promise<void> => {
  // Of two functions with the same digits, the second has its turn once nothing of the first one waits.
  const seen = new Set<string>();
  const isWanted = ({ key, modifiedAt }: StoredObject): boolean => modifiedAt <= before && !seen.has(folderOf(key));
  for await (const waiting of deps.pending.list(isWanted)) {
    seen.add(folderOf(waiting.key));
    await attempt(deps, waiting.ref, () => settle(deps, waiting));
  }
};

/** More than there are, as a rule: a cluster looks through all its jobs for each page. */
const pageOf = 10_000;

async function* every<T>(list: (page: Page) => Promise<Listed<T>>): AsyncIterable<T> {
  let page: Page | undefined = { limit: pageOf };
  while (page !== undefined) {
    const { items, cursor }: Listed<T> = await list(page);
    yield* items;
    page = cursor === undefined ? undefined : { limit: pageOf, cursor };
  }
}

/** Jobs of finished builds are gone from a cluster long before. */
const lookBackMs = 24 * 3_600_000;

/** Of each function, the build that was asked for last, if it completed and nobody deployed it. */
const deployMissed = async (deps: Deps, before: number): Promise<void> => {
  const newest = new Map<string, Build>();
  for await (const build of every((page) => deps.builds.list({ status: 'complete' }, page))) {
    if (build.createdAt < before - lookBackMs) break;
    const name = serviceName(build.ref);
    if ((newest.get(name)?.requestedAt ?? -1) < build.requestedAt) newest.set(name, build);
  }
  for (const build of newest.values()) {
    if ((build.endedAt ?? build.createdAt) > before) continue;
    await attempt(deps, build.ref, async () => {
      const current = await deps.functions.get(build.ref);
      if (current === undefined || current.requestedAt < build.requestedAt) await finishBuild(deps, build, originOfBuild(build));
    });
  }
};

/** A service without its trigger, or that was declared only in part, is declared again. */
const declareAgain = async (deps: Deps, before: number): Promise<void> => {
  for await (const { ref, state, updatedAt } of every((page) => deps.functions.list({}, page))) {
    if (state !== 'deploying' || updatedAt > before) continue;
    await attempt(deps, ref, async () => {
      // The list is long, and what stands on it may be deleted or changed before its turn comes.
      const current = await deps.functions.get(ref);
      if (current?.state === 'deploying') await declare(deps, current);
    });
  }
};

const step = async (deps: Deps, what: string, work: () => Promise<unknown>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    deps.logger.warn({ err: error, what }, 'a part of the sweep failed');
  }
};

/**
 * One pass. What fails is logged and tried again by the next.
 * @param olderThanMs what happened later is left: somebody is at work on it
 */
export const createSweep =
  (deps: Deps) =>
  async (olderThanMs: number): Promise<void> => {
    const before = deps.now() - olderThanMs;
    // Each for itself: the queue goes on while the object store is down.
    await step(deps, 'waiting events', () => settleWaiting(deps, before));
    await step(deps, 'builds that nobody deployed', () => deployMissed(deps, before));
    await step(deps, 'functions that are declared in part', () => declareAgain(deps, before));
    await step(deps, 'the next build', () => deps.builds.admitNext());
  };
