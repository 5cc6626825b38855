// A memory limit as a container has it, where this machine lets us set one.
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** `command`: what goes before that of a process that is to be held, which so knows its limit from its start. */
export type MemoryLimit = { command: readonly string[]; remove(): Promise<void> };

/** Of version 1, and of version 2, of control groups. */
const places = [
  ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ['/sys/fs/cgroup', 'memory.max'],
] as const;

/** Of the builder's container. */
export const limitBytes = 256 * 2 ** 20;

export const createMemoryLimit = async (bytes: number): Promise<MemoryLimit | undefined> => {
  for (const [root, file] of places) {
    const folder = join(root, `bench-cluster-${process.pid}`);
    try {
      await mkdir(folder);
      await writeFile(join(folder, file), String(bytes));
      return {
        command: ['sh', '-c', 'echo $$ >"$0/cgroup.procs" && exec "$@"', folder],
        remove: () => rmdir(folder),
      };
    } catch {
      await rmdir(folder).catch(() => undefined);
    }
  }
  return undefined;
};
