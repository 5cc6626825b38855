// Builds on a folder of their own, for one test each: opened, run to their end, read, and checked for what they leave behind.
import { afterEach, beforeEach } from '@jest/globals';
import { join } from 'node:path';
import type {
  LocalImageBuilder,
  LocalImageBuilderDeps,
  LocalImageBuilderOptions,
} from '../../../../../src/adapters/local/builds/image-builder.ts';
import { hasEnded, type Build, type BuildRequest } from '../../../../../src/core/build.ts';
import { contextOf, createWorkshop, type ContextFile, type Workshop } from '../../../../contract/image-builder-local.ts';
import { waitUntil } from '../../../../contract/wait-until.ts';

export type Bench = {
  readonly workshop: Workshop;
  readonly builder: LocalImageBuilder;
  /** Opens the builder anew, as a start of the platform does. */
  open: (deps?: Partial<LocalImageBuilderDeps>, options?: Partial<LocalImageBuilderOptions>) => Promise<LocalImageBuilder>;
  ended: (buildId: string) => Promise<Build>;
  run: (request: BuildRequest) => Promise<Build>;
  /** Runs a context with that compile script. */
  build: (compile: string, more?: ContextFile[], fields?: Partial<BuildRequest>) => Promise<Build>;
  logOf: (buildId: string, offset?: number) => Promise<string[]>;
  /** The image's folder. */
  folderOf: (build: Build) => string;
};

/** One bench that is new for each test of the file. */
export const useBench = (): Bench => {
  let workshop: Workshop;
  let builder: LocalImageBuilder;
  beforeEach(async () => {
    workshop = await createWorkshop();
  });
  afterEach(() => workshop.close());

  const ended: Bench['ended'] = async (buildId) => {
    let build: Build | undefined;
    await waitUntil(
      async () => hasEnded((build = await builder.get(buildId))?.status ?? 'queued'),
      `the end of ${buildId}`,
      40_000,
    );
    return build as Build;
  };
  const run: Bench['run'] = async (request) => {
    await builder.submit(request);
    return ended(request.buildId);
  };
  return {
    get workshop() {
      return workshop;
    },
    get builder() {
      return builder;
    },
    open: async (deps, options) => (builder = await workshop.open(deps, options)),
    ended,
    run,
    build: async (compile, more, fields) => run(await workshop.request(contextOf(compile, more), fields)),
    logOf: async (buildId, offset = 0) => {
      const lines: string[] = [];
      const { signal } = new AbortController();
      for await (const { text } of builder.logs(buildId, { follow: false, offset, signal })) lines.push(text);
      return lines;
    },
    folderOf: ({ imageDigest = '' }) => join(workshop.dataDir, 'images', imageDigest.slice('sha256:'.length)),
  };
};
