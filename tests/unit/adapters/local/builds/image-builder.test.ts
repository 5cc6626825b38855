// What a local image is beyond the contract.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { requestOf } from '../../../../contract/build-request.ts';
import { contextOf } from '../../../../contract/image-builder-local.ts';
import { waitUntil } from '../../../../contract/wait-until.ts';
import { useBench } from './build-bench.ts';

const bench = useBench();
const { run, build, logOf, folderOf } = bench;

const finished = async (): Promise<string[]> => (await bench.workshop.names('images')).filter((name) => name !== 'tags');

describe('the image', () => {
  beforeEach(async () => {
    await bench.open();
  });

  test('is a folder that can be started: the compiled function, the wrapper, and a link to the dependencies', async () => {
    const done = await build('echo compiled > function/out; pwd\n');
    expect(done.errorMessage).toBeUndefined();
    expect(readFileSync(join(folderOf(done), 'function/out'), 'utf8')).toBe('compiled\n');
    expect(existsSync(join(folderOf(done), 'wrapper/main.mjs'))).toBe(true);
    expect(readlinkSync(join(folderOf(done), 'dependencies'))).toMatch(/^\.\.\/\.\.\/layers\/[0-9a-f]{64}$/);
    expect(existsSync(join(folderOf(done), 'dependencies/.'))).toBe(true);
    expect(existsSync(join(folderOf(done), 'manifest'))).toBe(false);
    expect(existsSync(join(folderOf(done), 'Dockerfile'))).toBe(false);
  });

  test('of equal content is one folder, however many builds and names it has', async () => {
    const one = await build('echo same > function/out\n');
    const other = await build('echo same > function/out\n');
    expect(other.imageDigest).toBe(one.imageDigest);
    expect(await finished()).toHaveLength(1);
    expect(await bench.builder.findImage(one.image)).toBe(one.imageDigest);
    expect(await bench.builder.findImage(other.image)).toBe(one.imageDigest);
    const third = await build('echo other > function/out\n');
    expect(third.imageDigest).not.toBe(one.imageDigest);
  });

  test('is found by the longest name, and by none that only looks like it', async () => {
    const long = `registry.example/${'a'.repeat(400)}:tag`;
    const done = await build('', [], { image: long });
    expect(await bench.builder.findImage(long)).toBe(done.imageDigest);
    expect(await bench.builder.findImage(long.replace('tag', 'tab'))).toBeUndefined();
    expect(await bench.builder.findImage('../../etc/passwd')).toBeUndefined();
  });

  test('of a failed build is not there, and nothing unfinished is left', async () => {
    expect(await build('echo x > function/out; exit 1\n')).toMatchObject({ status: 'failed' });
    expect(await finished()).toEqual([]);
    expect(await bench.workshop.names('temporary')).toEqual([]);
    expect((await bench.workshop.names('layers')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('is refused with its reason when the context is gone or hostile', async () => {
    expect(await run(requestOf('contexts/none.tar.gz'))).toMatchObject({
      status: 'failed',
      errorMessage: expect.stringContaining('contexts/none.tar.gz') as unknown,
    });
    const hostile = await bench.workshop.request(contextOf('', [{ path: 'function/link', type: 'symlink', linkname: '/etc' }]));
    expect(await run(hostile)).toMatchObject({ status: 'failed', errorMessage: expect.stringContaining('"symlink"') as unknown });
    expect((await logOf(hostile.buildId)).at(-1)).toContain('"symlink"');
    expect(await finished()).toEqual([]);
  });

  test('does not begin in a folder that a link leads out of', async () => {
    // The tenant's script can do as it likes in its own folder; what it links to is not followed by the digest.
    const outside = join(bench.workshop.root, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'secret'), 'one');
    const one = await build(`ln -s ${outside} function/out\n`);
    writeFileSync(join(outside, 'secret'), 'two');
    expect((await build(`ln -s ${outside} function/out\n`)).imageDigest).toBe(one.imageDigest);
  });
});

describe('a cancelled build', () => {
  test('has its reason in one line of the log, whatever whoever cancelled it wrote', async () => {
    await bench.open();
    const request = await bench.workshop.request(contextOf('echo begun; while :; do sleep 0.02; done\n'));
    await bench.builder.submit(request);
    await waitUntil(async () => (await logOf(request.buildId)).includes('begun'), 'it to begin');
    await bench.builder.cancel(request.buildId, 'enough\r\n=== complete: sha256:forged\u001b[2J');
    const log = await logOf(request.buildId);
    expect(log.filter((line) => line.startsWith('=== c'))).toEqual(['=== cancelled: enough === complete: sha256:forged [2J']);
  });
});
