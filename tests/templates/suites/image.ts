// What can be held against a Dockerfile without a container engine: its rules, and that the files it takes are enough to run.
import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { asked } from '../cases/case.ts';
import { readTemplate } from '../harness/context-folder.ts';
import { copiesFromBuild, readDockerfile, type Instruction } from '../harness/dockerfile.ts';
import { startFunction } from '../harness/function-process.ts';
import { removeFolder, temporaryFolder } from '../harness/leaks.ts';
import { send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';

function placeOf(stage: readonly Instruction[], matches: RegExp): number {
  const at = stage.findIndex(({ name, text }) => matches.test(`${name} ${text}`));
  if (at < 0) throw new Error(`no instruction is like ${matches.source}`);
  return at;
}

export function describeImage({ language, root }: Subject): void {
  describe('becomes an image', () => {
    test('names its base images by parameters alone, with the defaults of the default version', async () => {
      const { parameters, stages } = await readDockerfile(language.name);
      const { images, versions, default: usual } = await readTemplate(language.name);
      expect(parameters).toMatchObject(images[usual] ?? {});
      expect(Object.keys(images).toSorted()).toEqual([...versions].toSorted());
      for (const version of versions) {
        const unknown = Object.keys(images[version] ?? {}).filter((name) => !(name in parameters));
        expect(unknown).toEqual([]);
      }
      const bases = stages.map(([from]) => from?.text.replace(/ AS \w+$/i, '') ?? '');
      const named = Object.keys(parameters).map((name) => `\${${name}}`);
      expect(bases.filter((base) => !named.includes(base) && !/^\w+$/.test(base))).toEqual([]);
    });

    test('installs before it sees the source, so that a change of the code keeps the layer', async () => {
      const { stages } = await readDockerfile(language.name);
      const build = stages.find((stage) => stage.some(({ name }) => name === 'RUN')) ?? [];
      const installed = placeOf(build, /^RUN sh build\/install\.sh manifest dependencies$/);
      expect(placeOf(build, /^COPY manifest\//)).toBeLessThan(installed);
      expect(placeOf(build, /^COPY (--\S+ )*function\//)).toBeGreaterThan(installed);
      expect(placeOf(build, /^COPY (--\S+ )*function\.json/)).toBeGreaterThan(installed);
      expect(placeOf(build, /^RUN sh build\/compile\.sh \/app/)).toBeGreaterThan(placeOf(build, /^COPY (--\S+ )*function\//));
    });

    test('runs nothing in its last stage, as an unprivileged user, by the start command', async () => {
      const { stages } = await readDockerfile(language.name);
      const { start } = await readTemplate(language.name);
      const last = stages.at(-1) ?? [];
      const textOf = (name: string): string | undefined => last.findLast((instruction) => instruction.name === name)?.text;
      expect(last.filter(({ name }) => name === 'RUN')).toEqual([]);
      expect(textOf('USER')).toBe('65532:65532');
      expect(textOf('WORKDIR')).toBe('/app');
      const [program, ...parameters] = JSON.parse(textOf('ENTRYPOINT') ?? '[]') as string[];
      expect([program?.replace(/^\/app\//, ''), ...parameters]).toEqual(start);
    });

    test('takes from the build what it needs to run, and neither manifests nor build scripts', async () => {
      const { stages } = await readDockerfile(language.name);
      const image = await temporaryFolder('image');
      const copies = copiesFromBuild(stages.at(-1) ?? []);
      for (const { from, to } of copies) {
        await mkdir(dirname(join(image, to)), { recursive: true });
        await cp(join(root(), from), join(image, to), { recursive: true, verbatimSymlinks: true });
      }
      expect(copies.filter(({ from }) => /^(build|manifest)\b/.test(from))).toEqual([]);
      const running = await startFunction(language.name, image);
      expect((await send(running.port, asked({ do: 'use the dependency' }))).json()).toBe('the-dependency-was-used');
      await running.stop();
      await removeFolder(image);
    });
  });
}
