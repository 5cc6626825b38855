// Who runs a tenant's code while an image is built: in Kaniko a step that is root's can read all that Kaniko has.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { stat } from 'node:fs/promises';
import { afterAll, describe, expect, test } from '@jest/globals';
import { runBuildStage } from './harness/build-stage.ts';
import { contextFolder } from './harness/context-folder.ts';
import { copiesFromBuild, readDockerfile, type Instruction } from './harness/dockerfile.ts';
import { removeFolder, temporaryFolder, whatIsLeft } from './harness/leaks.ts';
import { behaviours, languages, type Language } from './languages.ts';

const nobody = { uid: 65532, gid: 65532 };
const nobodysName = '65532:65532';

/** Tools that everybody may run, unlike those in the home of root. */
const path = [dirname(process.execPath), '/usr/local/go/bin', '/usr/local/bin', '/usr/bin', '/bin'].join(':');

const canBuild = ({ tools }: Language): boolean =>
  process.getuid?.() === 0 &&
  tools.every(
    ([command, ...parameters]) =>
      spawnSync(command, parameters, { env: { PATH: path, HOME: '/tmp' }, ...nobody, stdio: 'ignore' }).status === 0,
  );

const buildStageOf = (stages: readonly (readonly Instruction[])[]): readonly Instruction[] =>
  stages.find((stage) => stage.some(({ name }) => name === 'RUN')) ?? [];

/** Each step with the user whose it is. */
const stepsOf = (stage: readonly Instruction[]): { user: string; text: string; at: number }[] => {
  let user = '0:0';
  return stage.flatMap(({ name, text }, at) => {
    if (name === 'USER') user = text;
    return name === 'RUN' ? [{ user, text, at }] : [];
  });
};

describe.each(Object.values(languages) as Language[])('the image of a $name function', (language) => {
  afterAll(async () => {
    expect(await whatIsLeft()).toEqual([]);
  });

  test('is built by nobody, as far as a tenant’s code may run: root makes folders and gives them away', async () => {
    const { stages } = await readDockerfile(language.name);
    const stage = buildStageOf(stages);
    for (const { user, text, at } of stepsOf(stage)) {
      if (user === nobodysName) continue;
      expect(text).toMatch(/^(?:mkdir dependencies && )?chown 65532:65532 (?:dependencies|\.)$/);
      // Whoever owns /app can put a link where root copies to.
      if (text.endsWith('.')) expect(stage.slice(at).filter(({ name }) => name === 'COPY')).toEqual([]);
    }
    expect(stepsOf(stage).filter(({ user }) => user === nobodysName).length).toBeGreaterThanOrEqual(2);
  });

  (canBuild(language) ? test : test.skip)(
    'is built by whom its Dockerfile says',
    async () => {
      const { stages } = await readDockerfile(language.name);
      const context = await contextFolder(language.name, behaviours(language));
      const folder = await temporaryFolder('stage');
      expect(await runBuildStage(buildStageOf(stages), context, folder, path)).toBeUndefined();
      for (const { from } of copiesFromBuild(stages.at(-1) ?? [])) await stat(join(folder, 'app', from));
      await removeFolder(folder);
      await removeFolder(context);
    },
    180_000,
  );
});
