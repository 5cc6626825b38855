import { describe, expect, it } from '@jest/globals';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './manifests.ts';

const lines = (await readFile(join(root, 'Dockerfile'), 'utf8'))
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));
const instructions = lines.map((line) => {
  const [, name = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
  return { name, rest };
});
const all = (name: string): string[] => instructions.filter((one) => one.name === name).map(({ rest }) => rest);
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

describe('the image', () => {
  it('is made from images by their digests', () => {
    const stages = new Set(all('FROM').map((rest) => / AS (\w+)$/.exec(rest)?.[1]));
    const images = all('ARG').flatMap((rest) => /^\w+_IMAGE=(.*)$/.exec(rest)?.[1] ?? []);
    expect(images).toHaveLength(3);
    for (const image of images) expect(image).toMatch(/^[\w.-]+\/[\w./-]+:[\w.-]+@sha256:[0-9a-f]{64}$/);
    for (const from of all('FROM')) {
      const [base = ''] = from.split(' ');
      expect([from, stages.has(base) || /^\$\{\w+_IMAGE\}$/.test(base)]).toEqual([from, true]);
    }
  });

  it('is nobody’s, and starts the builder unless it is told otherwise', () => {
    expect(lastStage).toContainEqual({ name: 'USER', rest: '65532:65532' });
    expect(lastStage).toContainEqual({ name: 'ENTRYPOINT', rest: '["node"]' });
    expect(lastStage).toContainEqual({ name: 'CMD', rest: '["dist/builder/main.js"]' });
    // Kubernetes asks by itself.
    expect(all('HEALTHCHECK')).toEqual([]);
  });

  it('holds what the processes look for, where they look: templates beside dist', () => {
    const copied = lastStage.filter(({ name }) => name === 'COPY').map(({ rest }) => rest);
    expect(copied).toEqual(['--from=build /app/templates/ templates/', '--from=build /app/dist/ dist/']);
  });

  it('copies only files that there are, and that .dockerignore lets in', async () => {
    const ignore = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n');
    const letIn = ignore.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
    expect(ignore.find((line) => line !== '' && !line.startsWith('#'))).toBe('*');
    for (const rest of all('COPY').filter((one) => !one.startsWith('--from'))) {
      for (const source of rest.split(' ').slice(0, -1)) {
        await access(join(root, source));
        expect([source, letIn.includes(source.replace(/\/$/, ''))]).toEqual([source, true]);
      }
    }
  });

  it('installs what the lock file says, and runs no package’s script', () => {
    const installs = all('RUN').filter((rest) => rest.includes('npm '));
    expect(installs).toEqual(['npm ci --ignore-scripts']);
  });

  it('is as old as its commit', () => {
    expect(all('ARG')).toContain('SOURCE_DATE_EPOCH=0');
    expect(all('RUN').some((rest) => rest.includes('--date="@${SOURCE_DATE_EPOCH}"'))).toBe(true);
  });
});
