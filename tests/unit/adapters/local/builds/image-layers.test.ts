import { beforeEach, describe, expect, test } from '@jest/globals';
import { readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BuildRequest } from '../../../../../src/core/build.ts';
import { contextOf, type ContextFile } from '../../../../contract/image-builder-local.ts';
import { waitUntil } from '../../../../contract/wait-until.ts';
import { useBench } from './build-bench.ts';

const bench = useBench();
const { ended, run, logOf, folderOf } = bench;

/** A context with that install script, whose image shows what was installed. */
const installing = (install: string): ContextFile[] =>
  contextOf('cat dependencies/installed > function/seen\n').map((file) =>
    file.path === 'build/install.sh' ? { ...file, content: install } : file,
  );

describe('a dependency layer', () => {
  beforeEach(async () => {
    await bench.open();
  });

  test('is installed once for all that ask for the same, and the log says so', async () => {
    const install =
      'echo "installing"; echo "$(cat $1/wanted)" > $2/installed; cat /proc/sys/kernel/random/uuid >> $2/installed\n';
    const wants = (what: string): ContextFile[] => [...installing(install), { path: 'manifest/wanted', content: what }];
    const first = await run(await bench.workshop.request(wants('a')));
    const second = await run(await bench.workshop.request(wants('a')));
    const third = await run(await bench.workshop.request(wants('b')));
    const seen = [first, second, third].map((done) => readFileSync(join(folderOf(done), 'function/seen'), 'utf8'));
    expect(seen[0]).toMatch(/^a\n/);
    expect(seen[1]).toBe(seen[0]);
    expect(seen[2]).toMatch(/^b\n/);
    expect(await bench.workshop.names('layers')).toHaveLength(2);
    expect(await logOf(first.buildId)).toContain('installing');
    expect(await logOf(second.buildId)).not.toContain('installing');
    expect((await logOf(second.buildId)).join('\n')).toMatch(/layer [0-9a-f]{64} is there already: not installing/);
  });

  test('is another for another install script, runtime or file it reads, and the same for another compile script', async () => {
    const base = contextOf('');
    const replaced = (path: string, content: string): ContextFile[] =>
      base.map((file) => (file.path === path ? { ...file, content } : file));
    const layerOf = async (files: ContextFile[], fields: Partial<BuildRequest> = {}): Promise<string> =>
      readlinkSync(join(folderOf(await run(await bench.workshop.request(files, fields))), 'dependencies'));
    const layers = [
      await layerOf(base),
      await layerOf(replaced('build/install.sh', 'echo other\n')),
      await layerOf([...base, { path: 'build/environment.sh', content: 'x=1\n' }]),
      await layerOf([...base, { path: 'manifest/package.json', content: '{}' }]),
      await layerOf(base, { runtime: 'nodejs22' }),
    ];
    expect(new Set(layers).size).toBe(5);
    expect(await layerOf(replaced('build/compile.sh', 'echo other\n'))).toBe(layers[0]);
    expect(await layerOf(replaced('function/index.js', 'other'))).toBe(layers[0]);
  });

  test('that two builds want at once is installed by one of them; the other waits and says so', async () => {
    const install = `echo installing; while [ ! -e ${join(bench.workshop.root, 'go')} ]; do sleep 0.02; done; echo x > $2/installed\n`;
    const requests = [await bench.workshop.request(installing(install)), await bench.workshop.request(installing(install))];
    for (const request of requests) await bench.builder.submit(request);
    const text = async (): Promise<string> =>
      (await Promise.all(requests.map(({ buildId }) => logOf(buildId)))).flat().join('\n');
    await waitUntil(async () => (await text()).includes('is being installed by another build: waiting'), 'the second to wait');
    writeFileSync(join(bench.workshop.root, 'go'), '');
    for (const { buildId } of requests) expect(await ended(buildId)).toMatchObject({ status: 'complete' });
    expect((await text()).match(/^installing$/gm)).toHaveLength(1);
  });

  test('whose installation fails or is cancelled is tried again by whoever waited for it', async () => {
    const install = `echo installing; [ ! -e ${join(bench.workshop.root, 'go')} ] || { echo x > $2/installed; exit 0; }; while :; do sleep 0.02; done\n`;
    const requests = [
      await bench.workshop.request(installing(install)),
      await bench.workshop.request(installing(install)),
    ] as const;
    for (const request of requests) await bench.builder.submit(request);
    const logs = async (): Promise<string[]> =>
      Promise.all(requests.map(async ({ buildId }) => (await logOf(buildId)).join('\n')));
    await waitUntil(
      async () =>
        (await logs()).some((log) => log.includes('waiting')) && (await logs()).some((log) => log.includes('\ninstalling')),
      'one to wait',
    );
    const installer = (await logs()).findIndex((log) => log.includes('\ninstalling'));
    writeFileSync(join(bench.workshop.root, 'go'), '');
    const [first, second] = installer === 0 ? requests : [requests[1], requests[0]];
    expect(await bench.builder.cancel(first.buildId, 'enough')).toBe('cancelled');
    expect(await ended(second.buildId)).toMatchObject({ status: 'complete' });
    expect((await bench.workshop.names('layers')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('can be waited for and cancelled meanwhile', async () => {
    const install = 'echo installing; while :; do sleep 0.02; done\n';
    const requests = [
      await bench.workshop.request(installing(install)),
      await bench.workshop.request(installing(install)),
    ] as const;
    for (const request of requests) await bench.builder.submit(request);
    const waits = async (buildId: string): Promise<boolean> => (await logOf(buildId)).some((line) => line.includes('waiting'));
    await waitUntil(async () => (await waits(requests[0].buildId)) || (await waits(requests[1].buildId)), 'one to wait');
    const waiter = (await waits(requests[0].buildId)) ? requests[0] : requests[1];
    expect(await bench.builder.cancel(waiter.buildId, 'enough')).toBe('cancelled');
  });

  test('that could not be installed is none: the build fails, and the next one installs again', async () => {
    const files = installing('echo half > $2/installed; echo "no such package"; exit 6\n');
    for (let tries = 0; tries < 2; tries++) {
      const done = await run(await bench.workshop.request(files));
      expect(done).toMatchObject({ status: 'failed', exitCode: 6 });
      expect(done.errorMessage).toBe('build/install.sh ended with exit code 6\nno such package');
      expect(await bench.workshop.names('layers')).toEqual([]);
    }
  });
});
