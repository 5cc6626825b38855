// Functions as child processes: what is deployed is on the disk, what runs is started on demand and ends with this process.
import { join } from 'node:path';
import { CodedError } from '../../core/errors.ts';
import type { FunctionRef } from '../../core/function.ts';
import { writeBinary } from '../../core/http-binding.ts';
import type { Runtime } from '../../core/source.ts';
import type { Logger } from '../../ops/logger.ts';
import type { FunctionPlatform, FunctionState } from '../../ports.ts';
import { createActivator, type Activator } from './activator.ts';
import { notFound } from './function-failures.ts';
import { planInstance, type LaunchDeps } from './function-launch.ts';
import { withDefaults, type FunctionPlatformOptions } from './function-options.ts';
import { applySpec, isSameRevision, openFunctionRecords, type FunctionRecord } from './function-records.ts';
import { startInstance } from './instance.ts';
import { endLeftovers } from './process-group.ts';

export type FunctionPlatformDeps = LaunchDeps & {
  readonly logger: Logger;
  /** A function that was deploying is ready or failed, durably. After a restart it may be told again. */
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

const stopping = (): CodedError => new CodedError('STOPPING', 'The platform is stopping', { retryAfterSeconds: 5 });

/** Ends what a killed platform left running, then checks again what was deploying when it died. */
export const createLocalFunctionPlatform = async (
  deps: FunctionPlatformDeps,
  given: FunctionPlatformOptions,
): Promise<LocalFunctionPlatform> => {
  const options = withDefaults(given);
  const processes = join(options.dataDir, 'function-processes');
  const leftovers = await endLeftovers(processes);
  if (leftovers > 0) deps.logger.warn({ leftovers }, 'functions of a platform that died were still running; they are ended');
  const records = await openFunctionRecords(join(options.dataDir, 'functions'));
  const activators = new Map<string, Activator<FunctionRecord>>();
  /** Of functions that are removed while their processes still drain. */
  const leaving = new Set<Promise<void>>();
  let running = 0;
  let closing: Promise<void> | undefined;

  const stateOf = (record: FunctionRecord): FunctionState => ({
    ...record,
    url: options.publicUrl(record.ref),
    replicas: activators.get(record.name)?.replicas ?? 0,
  });

  const settle = async (revision: FunctionRecord, state: 'ready' | 'failed', reason?: string): Promise<void> => {
    const settled = await records.change(revision.name, (current) => {
      if (current === undefined || !isSameRevision(current, revision) || (current.state === state && current.reason === reason))
        return { result: undefined };
      const { reason: _, ...rest } = current;
      const next = { ...rest, state, ...(reason === undefined ? {} : { reason }), updatedAt: Date.now() };
      return { next, result: current.state === 'deploying' ? next : undefined };
    });
    if (settled !== undefined) deps.onSettled?.(stateOf(settled));
  };

  const tell = (revision: FunctionRecord, state: 'ready' | 'failed', reason?: string): void => {
    settle(revision, state, reason).catch((thrown: unknown) =>
      deps.logger.error({ err: thrown }, "a function's state could not be written"),
    );
  };

  const activatorOf = (record: FunctionRecord): Activator<FunctionRecord> => {
    const there = activators.get(record.name);
    if (there !== undefined) return there;
    const logger = deps.logger.child({ third_party_id: record.ref.tenant, parser_id: record.ref.function });
    const created = createActivator(
      record,
      {
        logger,
        start: async (revision) =>
          startInstance(processes, await planInstance(deps, revision, options), logger.child({ build_id: revision.buildId })),
        ready: (revision) => tell(revision, 'ready'),
        failed: (revision, reason) => tell(revision, 'failed', reason),
        coldStart: (revision, seconds) => deps.onColdStart?.(seconds, revision.runtime),
        replicas: (change) => {
          running += change;
          deps.onReplicas?.(running);
        },
      },
      options,
    );
    activators.set(record.name, created);
    return created;
  };

  const refuseWhenClosing = (): void => {
    if (closing !== undefined) throw stopping();
  };

  const leave = async (ref: FunctionRef, name: string): Promise<void> => {
    const activator = activators.get(name);
    activators.delete(name);
    const left = activator?.stop(notFound(ref)) ?? Promise.resolve();
    leaving.add(left);
    await left.finally(() => leaving.delete(left));
  };

  const closeAll = async (): Promise<void> => {
    const refusal = stopping();
    await Promise.all([...leaving, ...[...activators.values()].map((activator) => activator.stop(refusal))]);
    await records.settled();
  };

  for (const record of records.all()) if (record.state === 'deploying') activatorOf(record).deploy(record);

  return {
    apply: async (spec) => {
      refuseWhenClosing();
      const { outcome, record, check } = await records.change(spec.name, (current) => applySpec(current, spec, Date.now()));
      // A close that came meanwhile leaves it deploying; the next start checks it.
      if (check && closing === undefined) activatorOf(record).deploy(record);
      return { outcome, state: stateOf(record) };
    },
    get: (ref) => {
      const record = records.get(ref);
      return Promise.resolve(record === undefined ? undefined : stateOf(record));
    },
    list: (filter, page) => {
      const { items, ...more } = records.list(filter, page);
      return Promise.resolve({ items: items.map(stateOf), ...more });
    },
    remove: async (ref) => {
      refuseWhenClosing();
      const record = records.get(ref);
      if (record === undefined) return 'absent';
      const removed = await records.change(record.name, (current) =>
        current === undefined ? { result: false } : { next: null, result: true },
      );
      if (removed) await leave(ref, record.name);
      return removed ? 'deleted' : 'absent';
    },
    invoke: async (ref, event, signal) => {
      refuseWhenClosing();
      const record = records.get(ref);
      if (record === undefined) throw notFound(ref);
      return activatorOf(record).invoke(writeBinary(event), signal);
    },
    close: () => (closing ??= closeAll()),
  };
};
