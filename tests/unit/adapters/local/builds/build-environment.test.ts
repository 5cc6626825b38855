import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createToolchain } from '../../../../../src/adapters/local/builds/build-environment.ts';

describe('the interpreter of a runtime', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'toolchain-'));
    await mkdir(join(root, 'bin'));
    await writeFile(join(root, 'bin/python3.13'), '#!/bin/sh\necho /opt/python3.13\necho 3.13.1\n');
    await chmod(join(root, 'bin/python3.13'), 0o755);
  });
  afterEach(() => rm(root, { recursive: true }));

  test('is looked for again after its script could not be written', async () => {
    const interpreters = join(root, 'interpreters');
    const toolchain = createToolchain({ PATH: join(root, 'bin') }, { home: root, interpreters });
    // In the place of the folder.
    await writeFile(interpreters, '');
    await expect(toolchain.interpreterOf('python3.13')).rejects.toThrow();
    await rm(interpreters);
    await mkdir(interpreters);
    expect(await toolchain.interpreterOf('python3.13')).toMatchObject({ description: 'Python 3.13.1' });
  });
});
