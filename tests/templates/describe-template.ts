// The whole shared suite for one language: built once, then every suite starts the processes it needs from that build.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { buildFunction } from './harness/build.ts';
import { removeFolder, whatIsLeft } from './harness/leaks.ts';
import { behaviours, missingTool, type Language } from './languages.ts';
import { describeBuild } from './suites/build.ts';
import { describeCallback } from './suites/callback.ts';
import { describeContainment } from './suites/containment.ts';
import { describeEntries } from './suites/entries.ts';
import { describeExample } from './suites/example.ts';
import { describeImage } from './suites/image.ts';
import { describeMemory } from './suites/memory.ts';
import { describeMetrics } from './suites/metrics.ts';
import { describeOutput } from './suites/output.ts';
import { describeProcess } from './suites/process.ts';
import { describeStop } from './suites/stop.ts';
import { describeTable } from './suites/table.ts';

/** What a suite gets: the language and the folder of its built test function. */
export interface Subject {
  readonly language: Language;
  readonly root: () => string;
}

export function describeTemplate(language: Language): void {
  const missing = missingTool(language);
  if (missing !== undefined && process.env['REQUIRE_SERVICES'] !== '1') {
    test.skip(`${language.name}: ${missing} is not on this machine`, () => undefined);
    return;
  }
  describe(`a ${language.name} function`, () => {
    let built = '';
    beforeAll(async () => {
      built = await buildFunction(language.name, behaviours(language));
    }, 180_000);
    afterAll(async () => {
      await removeFolder(built);
      expect(await whatIsLeft()).toEqual([]);
    });
    const subject: Subject = { language, root: () => built };
    describeTable(subject);
    describeOutput(subject);
    describeMemory(subject);
    describeMetrics(subject);
    describeCallback(subject);
    describeContainment(subject);
    describeProcess(subject);
    describeStop(subject);
    describeBuild(subject);
    describeEntries(subject);
    describeImage(subject);
    describeExample(subject);
  });
}
