// One process per data directory: two would each believe what is theirs alone. Every starter leaves an empty file named after itself
// and only then looks for others, so that of any two the later one sees the first. A name is one process's alone: removing what a dead
// one left takes nothing from whoever starts at the same moment.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { namesIn, systemCode } from './durable-file.ts';
import { birthOf } from './process-group.ts';

const looks = 50;
const pauseMs = 20;

const pidOf = (name: string): number => Number(name.split('.')[0]);

/** The first by name of the others that live; what the dead left is removed. */
const otherIn = async (folder: string, me: string): Promise<string | undefined> => {
  for (const name of (await namesIn(folder)).sort()) {
    if (name === me) continue;
    if (name === `${pidOf(name)}.${birthOf(pidOf(name))}`) return name;
    await rm(join(folder, name), { force: true });
  }
  return undefined;
};

const inUse = (folder: string, name: string): Error =>
  new Error(`The data directory ${folder} is in use by process ${pidOf(name)}; choose another with DATA_DIR`);

const claim = async (path: string): Promise<boolean> => {
  try {
    await writeFile(path, '', { flag: 'wx' });
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false;
    throw thrown;
  }
};

/**
 * Of some that start at once the first by name waits for the others to leave; one that has it does not leave.
 * @throws Error when a process that lives has it
 */
export const lockDataDirectory = async (folder: string): Promise<() => Promise<void>> => {
  const claims = join(folder, 'platform-processes');
  const me = `${process.pid}.${birthOf(process.pid) ?? ''}`;
  const release = (): Promise<void> => rm(join(claims, me), { force: true });
  await mkdir(claims, { recursive: true });
  if (!(await claim(join(claims, me)))) throw inUse(folder, me);
  try {
    for (let look = 1; ; look++) {
      const other = await otherIn(claims, me);
      if (other === undefined) return release;
      if (other < me || look === looks) throw inUse(folder, other);
      await sleep(pauseMs);
    }
  } catch (thrown) {
    await release();
    throw thrown;
  }
};
