import { describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Build } from '../../../../../src/core/build.ts';
import { waitUntil } from '../../../../contract/wait-until.ts';
import { useBench } from './build-bench.ts';

const bench = useBench();
const { build, logOf, folderOf } = bench;

describe("a build's children", () => {
  test('see the tools, a home and a place for temporary files, and nothing of the platform', async () => {
    process.env.PLATFORM_SECRET = 'hunter2';
    await bench.open(
      {},
      { environment: { ...process.env, npm_config_registry: 'http://registry.local/', AWS_SECRET_ACCESS_KEY: 'hunter3' } },
    );
    delete process.env.PLATFORM_SECRET;
    const done = await build('env; echo "$HOME" > function/home; node --version; echo x > "$TMPDIR/x" && echo temporary\n');
    const lines = await logOf(done.buildId);
    expect(done.status).toBe('complete');
    expect(lines.join('\n')).not.toMatch(/hunter|SECRET/);
    expect(readFileSync(join(folderOf(done), 'function/home'), 'utf8')).toBe(`${join(bench.workshop.dataDir, 'cache')}\n`);
    expect(lines).toContain('npm_config_registry=http://registry.local/');
    expect(lines).toContain(process.version);
    expect(lines).toContain('temporary');
    expect(lines).toContain(`=== nodejs24 with Node ${process.version}`);
    const names = lines.map((line) => /^([A-Za-z_]\w*)=/.exec(line)?.[1]).filter((name) => name !== undefined);
    const known =
      /^(PATH|HOME|TMPDIR|LANG|LC_ALL|TZ|PWD|OLDPWD|SHLVL|_|npm_config_\w+|\w+_(PROXY|proxy)|SSL_CERT_(FILE|DIR)|NODE_EXTRA_CA_CERTS|REQUESTS_CA_BUNDLE|PIP_(CERT|INDEX_URL))$/;
    expect(names.filter((name) => !known.test(name))).toEqual([]);
    expect(await bench.workshop.names('temporary')).toEqual([]);
  });

  test('get the Python that the runtime asks for, or the one that is there, and the log says which', async () => {
    const python = (version: string): string =>
      `#!/bin/sh\nif [ "$1" = -c ]; then echo "$0"; echo ${version}; else echo "python ${version} runs $*"; fi\n`;
    const open = async (names: Record<string, string>): Promise<Build> => {
      const tools = join(bench.workshop.root, `tools-${Object.keys(names).join('-')}`);
      mkdirSync(tools);
      for (const [name, version] of Object.entries(names)) writeFileSync(join(tools, name), python(version), { mode: 0o755 });
      for (const name of ['sh', 'env', 'echo'])
        symlinkSync(existsSync(`/usr/bin/${name}`) ? `/usr/bin/${name}` : `/bin/${name}`, join(tools, name));
      await bench.open({}, { environment: { PATH: tools } });
      const done = await build('python3 wrapper; "$PYTHON" again\n', [], { runtime: 'python3.13' });
      await bench.builder.close();
      return done;
    };
    const exact = await open({ 'python3.13': '3.13.1', python3: '3.11.4' });
    expect(await logOf(exact.buildId)).toEqual(
      expect.arrayContaining(['=== python3.13 with Python 3.13.1', 'python 3.13.1 runs wrapper', 'python 3.13.1 runs again']),
    );
    const other = await open({ python3: '3.11.4' });
    expect(await logOf(other.buildId)).toEqual(
      expect.arrayContaining([
        '=== python3.13 with Python 3.11.4, because there is no python3.13 on the PATH',
        'python 3.11.4 runs wrapper',
      ]),
    );
    const none = await open({});
    expect(none).toMatchObject({ status: 'failed', exitCode: 127 });
    expect(await logOf(none.buildId)).toContain('=== python3.13 with no Python: there is no python3 on the PATH');
  });

  test('are all gone after the deadline, and the build says where it was', async () => {
    await bench.open({}, { deadlineMs: 600 });
    const done = await build(
      `echo "step one"; sh -c 'trap "" TERM; while :; do sleep 0.05; done' ${bench.workshop.root} & wait\n`,
    );
    expect(done).toMatchObject({ status: 'timeout', errorMessage: 'The build did not end within 0.6 s\nstep one' });
    expect(bench.workshop.processes()).toEqual([]);
    await waitUntil(() => bench.workshop.published.length === 1, 'the completion');
    expect(bench.workshop.published[0]?.type).toBe('network.notifi.lambda.build.timeout');
  });

  test('that a script leaves in the background do not hold it up and do not survive it', async () => {
    await bench.open();
    const done = await build(`sh -c 'while :; do sleep 0.05; done' ${bench.workshop.root} & echo left\n`);
    expect(done).toMatchObject({ status: 'complete' });
    expect((done.endedAt ?? 0) - (done.startedAt ?? 0)).toBeLessThan(5_000);
    expect(bench.workshop.processes()).toEqual([]);
  });

  test('that are killed from outside fail the build with the exit code that a shell would show', async () => {
    await bench.open();
    expect(await build('kill -9 $$\n')).toMatchObject({ status: 'failed', exitCode: 137 });
  });
});
