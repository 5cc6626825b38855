// Functions as child processes: what is deployed is on the disk, what runs is started on demand and ends with this process.
import { join } from 'node:path';
import { CodedError } from '../../../core/errors.ts';
import { writeEvent } from '../../../core/http-binding.ts';
import type { Runtime } from '../../../core/source.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { FunctionPlatform, FunctionState } from '../../../ports.ts';
import { createFunctionActivators, type FunctionActivators } from './function-activators.ts';
import { notFound } from '../../../core/function-failures.ts';
import type { LaunchDeps } from './function-launch.ts';
import { withDefaults, type EffectiveOptions, type FunctionPlatformOptions } from './function-options.ts';
import { openFunctionRecords, type FunctionRecords } from './function-records.ts';
import { applySpec, settleStart, type FunctionRecord } from './function-revision.ts';
import { endLeftovers } from '../process-group.ts';

export type FunctionPlatformDeps = LaunchDeps & {
  readonly logger: Logger;
  /** A function that was deploying is ready or failed, durably. If the process dies here, it is told after the next start or never. */
  onSettled?(state: FunctionState): void;
  /** From the start of a process until it was ready, when a request waited for it and no other replica was there. */
  onColdStart?(seconds: number, runtime: Runtime): void;
  /** How many processes of functions there are, all together. */
  onReplicas?(count: number): void;
};

export type LocalFunctionPlatform = FunctionPlatform & {
  /** Takes no more requests, drains those in hand, ends every process. What is deployed stays so. */
  close(): Promise<void>;
};

type Platform = {
  readonly records: FunctionRecords;
  readonly activators: FunctionActivators;
  readonly options: EffectiveOptions;
};

const stateOf = ({ activators, options }: Platform, record: FunctionRecord): FunctionState => ({
  ...record,
  url: options.publicUrl(record.ref),
  replicas: activators.replicasOf(record.name),
});

const open = async (deps: FunctionPlatformDeps, options: EffectiveOptions): Promise<Platform> => {
  const processes = join(options.dataDir, 'function-processes');
  const leftovers = await endLeftovers(processes);
  if (leftovers > 0) deps.logger.warn({ leftovers }, 'functions of a platform that died were still running; they are ended');
  const records = await openFunctionRecords(join(options.dataDir, 'functions'));
  const activators = createFunctionActivators(
    {
      ...deps,
      processes,
      started: (spec, outcome) => {
        records
          .change(spec.name, (current) => settleStart(current, spec, outcome, Date.now()))
          .then((change) => change && deps.onSettled?.(stateOf(platform, change.settled)))
          .catch((thrown: unknown) => deps.logger.error({ err: thrown }, 'the state of a function could not be settled'));
      },
      coldStart: (seconds, runtime) => deps.onColdStart?.(seconds, runtime),
      replicas: (count) => deps.onReplicas?.(count),
    },
    options,
  );
  const platform = { records, activators, options };
  return platform;
};

const portOf = (platform: Platform, refuseWhenClosing: () => void): FunctionPlatform => {
  const { records, activators } = platform;
  return {
    apply: async (spec) => {
      refuseWhenClosing();
      const { outcome, record, check } = await records.change(spec.name, (current) => applySpec(current, spec, Date.now()));
      if (check) activators.of(record).deploy(record);
      return { outcome, state: stateOf(platform, record) };
    },
    get: async (ref) => {
      const record = records.get(ref);
      return Promise.resolve(record === undefined ? undefined : stateOf(platform, record));
    },
    list: (filter, page) => {
      const { items, ...more } = records.list(filter, page);
      return Promise.resolve({ items: items.map((record) => stateOf(platform, record)), ...more });
    },
    remove: async (ref) => {
      refuseWhenClosing();
      const record = records.get(ref);
      if (record === undefined) return 'absent';
      const removed = await records.change(record.name, (current) =>
        current === undefined ? { result: false } : { next: null, result: true },
      );
      if (removed) await activators.remove(record.name, notFound(ref));
      return removed ? 'deleted' : 'absent';
    },
    invoke: async (ref, event, signal) => {
      refuseWhenClosing();
      const record = records.get(ref);
      if (record === undefined) throw notFound(ref);
      return activators.of(record).invoke(writeEvent(event), signal);
    },
  };
};

/** Ends what a killed platform left running, then checks again what was deploying when it died. */
export const createLocalFunctionPlatform = async (
  deps: FunctionPlatformDeps,
  given: FunctionPlatformOptions,
): Promise<LocalFunctionPlatform> => {
  const platform = await open(deps, withDefaults(given));
  const { records, activators } = platform;
  const refusal = new CodedError('STOPPING', 'The platform is stopping', { retryAfterSeconds: 5 });
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    // A change under way may still start something: it ends first.
    await records.settled();
    await activators.stop(refusal);
    await records.settled();
  };
  for (const record of records.all()) if (record.state === 'deploying') activators.of(record).deploy(record);
  const refuseWhenClosing = (): void => {
    if (closing !== undefined) throw refusal;
  };
  return { ...portOf(platform, refuseWhenClosing), close: () => (closing ??= closeAll()) };
};
