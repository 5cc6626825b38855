// The builder without its server: every handler made from the ports, and the sweep. What it decides is here; who carries it out is not.
import type { LambdaEvent } from '../core/events.ts';
import type { FunctionRef } from '../core/function.ts';
import type { Logger } from '../ops/logger.ts';
import type { EventSink, FunctionPlatform, ImageBuilder, ObjectStore } from '../ports.ts';
import { createCancelBuild, onCancelEvent, type CancelBuild } from './cancel-build.ts';
import { createDeleteFunction, type DeleteFunction } from './delete-function.ts';
import { createDeploy } from './deploy.ts';
import type { Handlers } from './dispatch.ts';
import { createFinishBuild } from './finish-build.ts';
import type { Packing, TakePlace } from './limits.ts';
import { createMeasureBuild } from './measure-build.ts';
import type { BuilderMetrics } from './metrics.ts';
import { createObjectChanged } from './object-changed.ts';
import { createPendingEvents } from './pending-events.ts';
import { createRunFunction } from './run-function.ts';
import { createSourceReader } from './source-facts.ts';
import { createStartBuild, type StartBuildDeps } from './start-build.ts';
import { createStartJob } from './start-job.ts';
import { createSweep } from './sweep.ts';
import type { Templates } from './template.ts';

export type BuilderDeps = {
  sources: ObjectStore;
  temp: ObjectStore;
  builds: ImageBuilder;
  functions: FunctionPlatform;
  /** The builder's own broker. */
  events: EventSink;
  /** The functions' broker. */
  functionEvents: EventSink;
  takePlace: TakePlace;
  packing: Packing;
  metrics: BuilderMetrics;
  onBuildEnded?: BuilderMetrics['buildEnded'];
  logger: Logger;
  images: StartBuildDeps['images'];
  templates: Templates;
  spoolFolder: string;
  now: () => number;
};

export type Builder = {
  handlers: Handlers;
  cancel: CancelBuild;
  remove: DeleteFunction;
  /** The function has become ready, or can't: what waits for it is handed over. */
  settled(ref: FunctionRef): Promise<number>;
  sweep(olderThanMs: number): Promise<void>;
};

const startBuildEvent =
  (startBuild: ReturnType<typeof createStartBuild>, now: () => number): Handlers['build.start'] =>
  ({ ref, data, cloudEvent: { time } }: LambdaEvent<'build.start'>, origin) => {
    const askedAt = time === undefined ? now() : Date.parse(time);
    return startBuild({ ...data, ref, sourceKey: data.s3_key, contentHash: data.content_hash, askedAt }, origin);
  };

export const createBuilder = (deps: BuilderDeps): Builder => {
  const pending = createPendingEvents(deps);
  const deploy = createDeploy({ ...deps, pending });
  const sources = createSourceReader(deps.sources, deps.spoolFolder, deps.takePlace);
  const startBuild = createStartBuild({ ...deps, deploy, sources });
  const finish = { ...deps, pending, deploy };
  const measure = createMeasureBuild(deps.onBuildEnded);
  const finishBuild = createFinishBuild({ ...finish, measure });
  const cancel = createCancelBuild({ ...deps, pending, measure });
  const remove = createDeleteFunction({ ...deps, pending, cancel });
  return {
    handlers: {
      'build.start': startBuildEvent(startBuild, deps.now),
      'parser.start': createRunFunction({ ...deps, pending, startBuild }),
      'job.start': createStartJob(deps),
      'build.cancel': onCancelEvent(cancel),
      'build.complete': finishBuild,
      'build.failed': finishBuild,
      'build.timeout': finishBuild,
      'service.delete': ({ ref, data }, origin) => remove(ref, { serviceName: data.service_name, reason: data.reason }, origin),
      'object.changed': createObjectChanged(finish),
    },
    cancel,
    remove,
    settled: (ref) => pending.deliver(ref),
    sweep: createSweep({ ...finish, startBuild }),
  };
};
