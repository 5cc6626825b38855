import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'templates/README.md',
  ...(await readdir('docs', { recursive: true })).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const texts = await Promise.all(pages.map(async (page) => [page, await readFile(page, 'utf8')] as const));

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

describe('every page', () => {
  it.each(texts)('%s links only to what is there', async (page, text) => {
    // A pattern in a code span may look like a link.
    const prose = text.replace(/`[^`\n]*`/g, '');
    const links = [...prose.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, link = '']) => join(dirname(page), link));
    for (const link of links) expect([link, await exists(link)]).toEqual([link, true]);
  });

  it.each(texts)('%s names only files of the code that are there', async (_page, text) => {
    const files = [...text.matchAll(/`((?:src|tests|bench|templates|examples|scripts)\/[\w./-]+)`/g)].map(
      ([, file = '']) => file,
    );
    for (const file of files.filter((name) => !name.includes('<'))) expect([file, await exists(file)]).toEqual([file, true]);
  });

  it.each(texts)('%s names only npm scripts that are there', async (_page, text) => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> };
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    for (const name of named) expect([name, name in scripts]).toEqual([name, true]);
  });
});

describe('README.md', () => {
  it('has at most 150 lines', async () => {
    expect((await readFile('README.md', 'utf8')).split('\n').length).toBeLessThanOrEqual(151);
  });

  it('says with its curl what the end-to-end test sends', async () => {
    const readme = await readFile('README.md', 'utf8');
    const event = JSON.parse(/-d '(\{"third_party_id[^']+)'/.exec(readme)?.[1] ?? '{}') as { s3_key?: string };
    expect(await exists(`examples/${event.s3_key ?? 'nothing'}`)).toBe(true);
  });
});

describe('docs/dead-letters.md', () => {
  it('names a command that npm finds and that understands its verbs', async () => {
    const page = await readFile('docs/dead-letters.md', 'utf8');
    const lines = [...page.matchAll(/^\$ npm run dlq -- ([^#\n]+)/gm)].map(([, line = '']) => line.trim().split(/\s+/));
    expect(lines.length).toBeGreaterThan(5);
    const env = { PATH: process.env.PATH, HOME: process.env.HOME, DLQ_URL: 'http://127.0.0.1:1' };
    const told = lines.map(
      (line) =>
        new Promise<[string, string]>((resolve) => {
          execFile('npm', ['run', '--silent', 'dlq', '--', ...line], { env }, (_error, _stdout, stderr) =>
            resolve([line.join(' '), stderr.split('\n').at(0) ?? '']),
          );
        }),
    );
    // Nobody listens there: what was understood is what could not be sent.
    for (const [line, first] of await Promise.all(told))
      expect([line, first]).toEqual([line, expect.stringMatching(/127\.0\.0\.1:1/)]);
  });
});
