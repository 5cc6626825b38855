// Runs the build stage of a template's Dockerfile on this machine, as its users: for whether the scripts get along with the rights that
// they have in an image. Needs root, since it becomes somebody else.
import { spawn } from 'node:child_process';
import { chmod, cp, lchown, mkdir, readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { buildEnvironment } from './build.ts';
import type { Instruction } from './dockerfile.ts';

type Ids = { uid: number; gid: number };

const root: Ids = { uid: 0, gid: 0 };

const idsOf = (text: string): Ids => {
  const [uid, gid] = text.split(':').map(Number);
  return { uid: uid ?? 0, gid: gid ?? 0 };
};

async function give(path: string, { uid, gid }: Ids): Promise<void> {
  await lchown(path, uid, gid);
  if (!(await stat(path)).isDirectory()) return;
  for (const name of await readdir(path)) await give(join(path, name), { uid, gid });
}

/** What a Dockerfile copies belongs to root, unless it says whose it is. */
async function copy(text: string, context: string, app: string): Promise<void> {
  const words = text.split(' ');
  const owner = words.find((word) => word.startsWith('--chown='))?.slice('--chown='.length);
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '';
  for (const path of paths) {
    const to = join(app, target.endsWith('/') && !path.endsWith('/') ? join(target, basename(path)) : target);
    await mkdir(join(to, '..'), { recursive: true });
    await cp(join(context, path), to, { recursive: true, force: true });
    await give(to, owner === undefined ? root : idsOf(owner));
  }
}

function run(command: string, cwd: string, env: Record<string, string>, ids: Ids): Promise<string | undefined> {
  const child = spawn('/bin/sh', ['-c', command], { cwd, env, ...ids, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve(code === 0 ? undefined : `${command}: ${String(code)}\n${Buffer.concat(said).toString('utf8')}`);
    });
  });
}

/**
 * @param folder an empty one, in which `app` stands for /app and `tmp` for /tmp
 * @param path where the tools are that the base image would have
 * @returns what the first step that failed has said, or nothing
 */
export async function runBuildStage(
  stage: readonly Instruction[],
  context: string,
  folder: string,
  path: string,
): Promise<string | undefined> {
  const here = (text: string): string => text.replaceAll(/\/(app|tmp)\b/g, join(folder, '$1'));
  const outside = Object.entries(buildEnvironment()).filter(([name]) => !/^(HOME|GOCACHE|GOMODCACHE)$/.test(name));
  const environment: Record<string, string> = { ...Object.fromEntries(outside), PATH: path, HOME: '/root' };
  let user = root;
  await mkdir(join(folder, 'app'));
  await mkdir(join(folder, 'tmp'));
  await chmod(folder, 0o755);
  await chmod(join(folder, 'tmp'), 0o1777);
  environment['TMPDIR'] = join(folder, 'tmp');
  for (const { name, text } of stage) {
    if (name === 'USER') user = idsOf(text);
    if (name === 'ENV')
      for (const [, variable = '', value = ''] of text.matchAll(/(\w+)=(\S+)/g))
        if (variable !== 'PATH') environment[variable] = here(value);
    if (name === 'COPY' && !text.startsWith('--from=')) await copy(text, context, join(folder, 'app'));
    if (name !== 'RUN') continue;
    const failure = await run(here(text), join(folder, 'app'), environment, user);
    if (failure !== undefined) return failure;
  }
  return undefined;
}
