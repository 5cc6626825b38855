// Where builds keep what they know and what they make, below the one data directory.
import { join, resolve } from 'node:path';

export type BuildFolders = {
  /** `<build id>.json` and `<build id>.log`. */
  readonly builds: string;
  /** `<64 hex digits>`: a root that can be started; its `dependencies` is a link into `layers`. */
  readonly images: string;
  /** `<image name>.json`: which digest the name stands for. */
  readonly tags: string;
  /** `<64 hex digits>`: installed dependencies, shared by all images that ask for the same. */
  readonly layers: string;
  /** The children's HOME: caches of package managers. */
  readonly home: string;
  /** Scripts that start the interpreter a runtime asks for, as this machine has it. */
  readonly interpreters: string;
  /** The children's TMPDIR, one folder per run. */
  readonly temporary: string;
  /** Notes of the process groups that run. */
  readonly processes: string;
};

export const buildFolders = (dataDir: string): BuildFolders => {
  const root = resolve(dataDir);
  return {
    builds: join(root, 'builds'),
    images: join(root, 'images'),
    tags: join(root, 'images', 'tags'),
    layers: join(root, 'layers'),
    home: join(root, 'cache'),
    interpreters: join(root, 'interpreters'),
    temporary: join(root, 'temporary'),
    processes: join(root, 'build-processes'),
  };
};

/** What is being made stands beside what is finished, so that finishing it is a rename. */
export const unfinished = '.tmp-';
