// One process per data directory: two would each believe what is theirs alone.
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { birthOf } from './process-group.ts';

/** @throws Error when a process that lives has it */
export const lockDataDirectory = async (folder: string): Promise<() => Promise<void>> => {
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'lock');
  const me = `${process.pid}.${birthOf(process.pid) ?? ''}`;
  for (let tries = 0; tries < 3; tries++) {
    try {
      const file = await open(path, 'wx');
      await file.writeFile(me);
      await file.close();
      return () => rm(path, { force: true });
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== 'EEXIST') throw thrown;
      const [pid, birth] = (await readFile(path, 'utf8').catch(() => '')).split('.');
      // Written by a process that was killed, or killed before it could write.
      if (pid !== undefined && pid !== '' && birthOf(Number(pid)) === birth) {
        throw new Error(`The data directory ${folder} is in use by process ${pid}; choose another with DATA_DIR`, {
          cause: thrown,
        });
      }
      await rm(path, { force: true });
    }
  }
  throw new Error(`The data directory ${folder} could not be locked`);
};
