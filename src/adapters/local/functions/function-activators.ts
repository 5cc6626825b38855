// The activators of all functions: one for each that is deployed, made when it is first needed.
import type { Runtime } from '../../../core/source.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { FunctionSpec } from '../../../ports.ts';
import { createActivator, type Activator } from './activator.ts';
import type { ActivatorDeps } from './activator-pool.ts';
import { planInstance, type LaunchDeps } from './function-launch.ts';
import type { EffectiveOptions } from './function-options.ts';
import type { Outcome } from './function-revision.ts';
import { startInstance } from './instance.ts';
import type { ProcessFolder } from '../process-group.ts';

export type ActivatorsDeps = LaunchDeps & {
  readonly logger: Logger;
  readonly processes: ProcessFolder;
  /** A replica of this spec became ready, or did not. */
  started(spec: FunctionSpec, outcome: Outcome): void;
  coldStart(seconds: number, runtime: Runtime): void;
  replicas(count: number): void;
};

export type FunctionActivators = {
  of(spec: FunctionSpec): Activator;
  replicasOf(name: string): number;
  /** Takes it away at once, and resolves when no process of it is left. */
  remove(name: string, refusal: Error): Promise<void>;
  /** Resolves when no process of any function is left. */
  stop(refusal: Error): Promise<void>;
};

export const createFunctionActivators = (deps: ActivatorsDeps, options: EffectiveOptions): FunctionActivators => {
  const activators = new Map<string, Activator>();
  /** Of functions that are removed while their processes still drain. */
  const leaving = new Set<Promise<void>>();
  let running = 0;

  const depsOf = ({ ref }: FunctionSpec): ActivatorDeps => {
    const logger = deps.logger.child({ third_party_id: ref.tenant, parser_id: ref.function });
    return {
      logger,
      start: async (spec) =>
        startInstance(deps.processes, await planInstance(deps, spec, options), logger.child({ build_id: spec.buildId })),
      ready: (spec) => deps.started(spec, { state: 'ready' }),
      failed: (spec, reason) => deps.started(spec, { state: 'failed', reason }),
      coldStart: (spec, seconds) => deps.coldStart(seconds, spec.runtime),
      replicas: (change) => deps.replicas((running += change)),
    };
  };

  return {
    of: (spec) => {
      const activator = activators.get(spec.name) ?? createActivator(spec, depsOf(spec), options);
      activators.set(spec.name, activator);
      return activator;
    },
    replicasOf: (name) => activators.get(name)?.replicas ?? 0,
    remove: async (name, refusal) => {
      const left = activators.get(name)?.stop(refusal) ?? Promise.resolve();
      activators.delete(name);
      leaving.add(left);
      await left.finally(() => leaving.delete(left));
    },
    stop: async (refusal) => {
      await Promise.all([...leaving, ...[...activators.values()].map((activator) => activator.stop(refusal))]);
    },
  };
};
