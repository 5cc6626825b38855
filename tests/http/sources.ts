// The source bucket of the suite: plain sources, traps beside them, and the hostile archives of cases/archives.ts.
import { execFile } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Answers what it was given, so that what arrived can be seen. */
const echo = 'export const handle = (data, { event }) => ({ data: data ?? null, id: event.id });\n';

const files: Readonly<Record<string, string>> = {
  'parsers/plain.js': 'export const handle = () => 1;\n',
  'parsers/echo.js': echo,
  'texts/readme.txt': 'no code\n',
  'archives/broken.zip': 'no archive',
};

/** @param folder has `outside.js` beside the sources, for keys that climb */
export const writeSources = async (folder: string, archives: readonly { key: string; content: Buffer }[]): Promise<void> => {
  const sources = join(folder, 'sources');
  for (const [key, content] of [...Object.entries(files), ...archives.map(({ key, content }) => [key, content] as const)]) {
    await mkdir(dirname(join(sources, key)), { recursive: true });
    await writeFile(join(sources, key), content);
  }
  await mkdir(join(sources, 'empty'));
  await writeFile(join(folder, 'outside.js'), 'export const handle = () => 1;\n');
  await symlink(join(folder, 'outside.js'), join(sources, 'link-outside.js'));
  await symlink(folder, join(sources, 'folder-outside'));
  await promisify(execFile)('mkfifo', [join(sources, 'pipe.js')]);
};
