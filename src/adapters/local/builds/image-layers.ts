// Installed dependencies, shared by every image whose manifests ask for the same: installed once, however many builds want them.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isFolder, removeFolder, settleFolder } from './image-folder.ts';
import { unfinished } from './build-folders.ts';

const filesBelow = async (folder: string): Promise<string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
};

/** Only this script does not take part in the installation. */
const compileScript = 'compile.sh';

/**
 * What the dependencies are made of, 64 hex digits: the manifests, the scripts that install them, the runtime and its interpreter.
 * @param root the unpacked build context
 */
export const layerKeyOf = async (root: string, runtime: string, interpreter: string): Promise<string> => {
  const hash = createHash('sha256').update(JSON.stringify([runtime, interpreter, process.platform, process.arch]));
  const files = [...(await filesBelow(join(root, 'manifest'))), ...(await filesBelow(join(root, 'build')))];
  for (const file of files.sort()) {
    const path = file.slice(root.length + 1);
    if (path === join('build', compileScript)) continue;
    const content = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    hash.update(`\n${JSON.stringify(path)} ${content}`);
  }
  return hash.digest('hex');
};

export type Layers = {
  /**
   * Makes sure that the layer is there. Of several who want it at once one installs; if it fails, the next tries for itself.
   * @param install fills the folder and answers the exit code
   * @param waiting called when somebody else is installing it
   * @returns 0, or the exit code of the installation
   */
  provide(
    key: string,
    steps: { install: (folder: string) => Promise<number>; reused: () => void; waiting: () => void; signal: AbortSignal },
  ): Promise<number>;
};

export const createLayers = (folder: string): Layers => {
  const installing = new Map<string, Promise<unknown>>();

  const installOnce = async (key: string, install: (folder: string) => Promise<number>): Promise<number> => {
    const draft = join(folder, `${unfinished}${randomUUID()}`);
    try {
      await mkdir(draft, { recursive: true });
      const exitCode = await install(draft);
      if (exitCode === 0) await settleFolder(draft, join(folder, key));
      return exitCode;
    } finally {
      await removeFolder(draft);
    }
  };

  return {
    provide: async (key, { install, reused, waiting, signal }) => {
      for (;;) {
        const other = installing.get(key);
        if (other === undefined) break;
        waiting();
        await whichever(other, signal);
      }
      // From here to the entry in `installing` nothing may be awaited but through it: two would install otherwise.
      const work = (async () => {
        if (!(await isFolder(join(folder, key)))) return installOnce(key, install);
        reused();
        return 0;
      })();
      installing.set(key, work);
      try {
        return await work;
      } finally {
        installing.delete(key);
      }
    },
  };
};

/** Resolves when the work is over, however it ended. @throws the signal's reason when it fires first */
const whichever = (work: Promise<unknown>, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    const done = (): void => {
      signal.removeEventListener('abort', abort);
      resolve();
    };
    signal.addEventListener('abort', abort, { once: true });
    work.then(done, done);
    if (signal.aborted) abort();
  });
