// The ImageBuilder of a cluster: builds as Kaniko Jobs. The jobs are all the memory there is, with the places of those that wait and
// run beside them: any replica may die at any moment and another goes on.
import { hasEnded, jobName, type Build } from '../../../core/build.ts';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import type { Runtime } from '../../../core/source.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { ImageBuilder } from '../../../ports.ts';
import type { KubernetesClient } from '../client.ts';
import { get } from '../verbs.ts';
import { createAdmission } from './admission.ts';
import { readBuildLog } from './build-log.ts';
import { createCancelling } from './cancel-build.ts';
import type { KanikoJobSettings } from './job-settings.ts';
import { listBuilds } from './list-builds.ts';
import { jobs } from './objects.ts';
import { createPlacesLedger } from './places-ledger.ts';
import { createPlacesStore } from './places-store.ts';
import { noPlaces, type AdmissionLimits } from './places.ts';
import { kanikoOf, lacksFacts, podOf, withFacts } from './pod-facts.ts';
import { createQueuedJobs } from './queued-jobs.ts';
import { buildOf } from './read-job.ts';
import { createSubmit } from './submit-build.ts';
import { createJobSweep } from './sweep-jobs.ts';

export type KubernetesImageBuilderDeps = {
  client: KubernetesClient;
  /** The registry's answer. */
  findImage: ImageBuilder['findImage'];
  /** Publishes the event of a cancelled build; every other end is told by the build's monitor. */
  completed: (event: CloudEvent) => Promise<void>;
  /** The build arguments of the runtime's Dockerfile. */
  baseImages: (runtime: Runtime) => Promise<Readonly<Record<string, string>>>;
  logger: Logger;
};

export type KubernetesImageBuilderOptions = AdmissionLimits & {
  job: KanikoJobSettings;
  now: () => number;
  /** How often `admitNext` also looks for what replicas that died left half done, at most. */
  sweepMs?: number;
};

export type KubernetesImageBuilder = ImageBuilder & {
  /** Of all replicas. With Kueue nobody here knows. */
  depth(): Promise<{ queued: number; running: number } | undefined>;
  close(): void;
};

const defaultSweepMs = 60_000;

/** Once in a while, and not twice at the same time. */
const atMostEvery = (ms: number, now: () => number, work: () => Promise<void>): (() => Promise<void>) => {
  let begunAt = -Infinity;
  return async () => {
    if (now() - begunAt < ms) return;
    begunAt = now();
    await work();
  };
};

const openQueue = (deps: KubernetesImageBuilderDeps, options: KubernetesImageBuilderOptions) => {
  const { client, logger } = deps;
  const { namespace, kueueQueue } = options.job;
  const { now } = options;
  const queuedJobs = createQueuedJobs(client, namespace, now);
  const rebuild = async () => {
    const { waiting, running } = await queuedJobs.unfinished();
    // The oldest: what is beyond the limit may be about to be taken back, and if it is not, the sweep finds it.
    const queued = waiting.sort((one, other) => one.createdAt - other.createdAt).slice(0, options.maxQueued);
    return { ...noPlaces(options, now()), admitted: running, queued };
  };
  const ledger = createPlacesLedger(createPlacesStore(client, namespace, rebuild));
  const admission = createAdmission({ ledger, jobs: queuedJobs, limits: options, logger, now });
  const cancelling = createCancelling({ client, namespace, completed: deps.completed, over: (uid) => admission.over(uid), now });
  const sweep = createJobSweep({ admission, ledger, queuedJobs, cancelling, logger, now }, kueueQueue === undefined);
  return { queuedJobs, ledger, admission, cancelling, sweep };
};

export const createKubernetesImageBuilder = (
  deps: KubernetesImageBuilderDeps,
  options: KubernetesImageBuilderOptions,
): KubernetesImageBuilder => {
  const { client, logger } = deps;
  const { job: settings, now } = options;
  const { namespace } = settings;
  const isQueueOurs = settings.kueueQueue === undefined;
  const { queuedJobs, ledger, admission, cancelling, sweep } = openQueue(deps, options);
  const sweepNow = atMostEvery(options.sweepMs ?? defaultSweepMs, now, async () => {
    try {
      await sweep();
    } catch (err) {
      // Whoever asked for the next build has had what it came for.
      logger.warn({ err }, 'what was left half done could not be looked for; trying again later');
    }
  });

  const find = async (buildId: string): Promise<Build | undefined> => {
    const job = await get(client, jobs, { namespace, name: jobName(buildId) });
    const build = job === undefined ? undefined : buildOf(job);
    if (job === undefined || build === undefined || !hasEnded(build.status)) return build;
    admission.over(job.metadata.uid ?? '');
    if (!lacksFacts(build)) return build;
    const pod = await podOf(client, namespace, job);
    const terminated = pod === undefined ? undefined : kanikoOf(pod).terminated;
    return terminated === undefined ? build : withFacts(build, terminated);
  };

  return {
    submit: createSubmit({ ...deps, settings, admission, ledger, queuedJobs, maxQueued: options.maxQueued, now }),
    get: find,
    list: (filter, page) => listBuilds(client, namespace, filter, page),
    logs: readBuildLog(client, namespace),
    cancel: (buildId, reason) => cancelling.cancel(buildId, reason),
    findImage: deps.findImage,
    admitNext: async () => {
      if (isQueueOurs) await admission.next();
      await sweepNow();
    },
    depth: async () => {
      if (!isQueueOurs) return undefined;
      const { admitted, queued } = await ledger.change((places) => ({ places, result: places }));
      return { queued: queued.length, running: admitted.length };
    },
    close: () => admission.close(),
  };
};
