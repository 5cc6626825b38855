// The builds that run in this process, each with its log, its deadline and a way to stop it.
import { join } from 'node:path';
import type { Build } from '../../../core/build.ts';
import type { Changes } from './build-log-reader.ts';
import { openBuildLog } from './build-log.ts';
import type { EndedBuild } from './build-records.ts';
import { runBuild, type Outcome, type RunDeps, type StopReason } from './build-run.ts';

export type BuildRunner = {
  /** Runs it in the background. @param again after an interruption, as the same attempt */
  start(build: Build, again?: boolean): void;
  /** Resolves when no process of the build is left, with what it became; `undefined` when it does not run or was interrupted. */
  stop(buildId: string, reason: StopReason): Promise<EndedBuild | undefined>;
  /** Interrupts all. */
  close(): Promise<void>;
};

type RunnerDeps = RunDeps & {
  changes: Changes;
  /** Records what the build became; the run is over when it resolves. */
  finish: (build: Build, outcome: Outcome) => Promise<EndedBuild | undefined>;
};
type RunnerOptions = { deadlineMs: number; logLimitBytes: number };

const runLogged = async (
  deps: RunnerDeps,
  build: Build,
  again: boolean,
  limitBytes: number,
  signal: AbortSignal,
): Promise<Outcome> => {
  const { buildId, ref, attempt } = build;
  const logger = deps.logger.child({ build_id: buildId, third_party_id: ref.tenant, parser_id: ref.function });
  const log = await openBuildLog(join(deps.folders.builds, `${buildId}.log`), limitBytes, {
    grown: () => deps.changes.ring(buildId),
    failed: (err) => logger.warn({ err }, 'the log of a build could not be written'),
  });
  const began = new Date(deps.now()).toISOString();
  log.note(`=== attempt ${attempt} of build ${buildId}, ${began}${again ? ', again after an interruption' : ''}`);
  try {
    return await runBuild({ ...deps, logger }, build, log, signal);
  } finally {
    await log.close();
  }
};

export const createBuildRunner = (deps: RunnerDeps, { deadlineMs, logLimitBytes }: RunnerOptions): BuildRunner => {
  const runs = new Map<string, { stop: AbortController; done: Promise<EndedBuild | undefined> }>();

  const run = async (build: Build, again: boolean, stop: AbortController): Promise<EndedBuild | undefined> => {
    const message = `The build did not end within ${deadlineMs / 1000} s`;
    const deadline = setTimeout(() => stop.abort({ status: 'timeout', message } satisfies StopReason), deadlineMs);
    const outcome = await runLogged(deps, build, again, logLimitBytes, stop.signal).catch((err: unknown): Outcome => {
      deps.logger.error({ err, build_id: build.buildId }, 'the log of a build could not be opened');
      return { status: 'failed', errorMessage: 'The build could not be run: its log could not be written' };
    });
    clearTimeout(deadline);
    return deps.finish(build, outcome);
  };

  return {
    start: (build, again = false) => {
      const stop = new AbortController();
      const done = run(build, again, stop).finally(() => {
        // By then the next attempt may have taken the entry.
        if (runs.get(build.buildId)?.stop === stop) runs.delete(build.buildId);
      });
      runs.set(build.buildId, { stop, done });
    },
    stop: async (buildId, reason) => {
      const found = runs.get(buildId);
      found?.stop.abort(reason);
      return found?.done;
    },
    close: async () => {
      const interrupted: StopReason = {
        status: 'interrupted',
        message: 'the platform stops; the next start runs the build again',
      };
      for (const { stop } of runs.values()) stop.abort(interrupted);
      await Promise.all([...runs.values()].map(({ done }) => done));
    },
  };
};
