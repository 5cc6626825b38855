// A local ImageBuilder on a folder of its own, and the contexts it builds: real archives of small shell scripts.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pino } from 'pino';
import { pack, type Header } from 'tar-stream';
import {
  createLocalImageBuilder,
  type LocalImageBuilder,
  type LocalImageBuilderDeps,
  type LocalImageBuilderOptions,
} from '../../src/adapters/local/builds/image-builder.ts';
import { createLocalObjectStore } from '../../src/adapters/local/object-store.ts';
import type { BuildRequest } from '../../src/core/build.ts';
import type { CloudEvent } from '../../src/core/cloudevent.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { requestOf } from './build-request.ts';
import type { Behaviour } from './image-builder.ts';

export type ContextFile = { path: string; content?: string; mode?: number; type?: Header['type']; linkname?: string };

/** A context that installs nothing and compiles with that script. */
export const contextOf = (compile: string, more: ContextFile[] = []): ContextFile[] => [
  { path: 'Dockerfile', content: 'FROM scratch\n' },
  { path: 'function.json', content: '{"runtime":"nodejs24","entry":"index.js","handler":null}\n' },
  { path: 'build/install.sh', content: 'echo "installing $1"\n' },
  { path: 'build/compile.sh', content: compile },
  { path: 'manifest/.names', content: '' },
  { path: 'function/index.js', content: 'export const handle = () => 1;\n' },
  { path: 'wrapper/main.mjs', content: '' },
  ...more,
];

export const packed = (files: ContextFile[]): Readable => {
  const archive = pack();
  for (const { path, content = '', mode = 0o644, type = 'file', linkname } of files) {
    archive.entry({ name: path, mode, type, ...(linkname === undefined ? {} : { linkname }) }, content);
  }
  archive.finalize();
  return Readable.from(archive as AsyncIterable<Buffer>).pipe(createGzip());
};

export type Workshop = {
  readonly root: string;
  readonly dataDir: string;
  readonly contexts: ObjectStore;
  readonly published: CloudEvent[];
  /** A request for a context of these files. */
  request: (files: ContextFile[], fields?: Partial<BuildRequest>) => Promise<BuildRequest>;
  requestFor: (behaviour: Behaviour, fields?: Partial<BuildRequest>) => Promise<BuildRequest>;
  release: () => Promise<void>;
  /** Opens the builder on the folder, as a start of the platform does. */
  open: (deps?: Partial<LocalImageBuilderDeps>, options?: Partial<LocalImageBuilderOptions>) => Promise<LocalImageBuilder>;
  /** The processes of groups that are noted as running, and all whose command line names a path of the workshop. */
  processes: () => string[];
  /** Names in a folder below the data directory. */
  names: (folder: string) => Promise<string[]>;
  close: () => Promise<void>;
};

export const createWorkshop = async (): Promise<Workshop> => {
  const root = await mkdtemp(join(tmpdir(), 'image-builder-'));
  const dataDir = join(root, 'data');
  const contexts = createLocalObjectStore(join(root, 'contexts'));
  const gate = join(root, 'released');
  const published: CloudEvent[] = [];
  const opened: LocalImageBuilder[] = [];

  const scripts: Record<Behaviour, string> = {
    succeeds: 'echo building\n',
    fails: 'echo first; echo; echo "the reason" >&2; exit 3\n',
    // The child's command line names the folder, so that it can be found.
    waits: `echo waiting; sh -c 'while [ ! -e "$0" ]; do sleep 0.02; done; :' ${gate} & wait $!\n`,
  };

  const notes = (): string[] => {
    const folder = join(dataDir, 'build-processes');
    return existsSync(folder) ? readdirSync(folder) : [];
  };

  const request: Workshop['request'] = async (files, fields = {}) => {
    const contextKey = `contexts/${randomBytes(8).toString('hex')}.tar.gz`;
    await contexts.write(contextKey, packed(files));
    return requestOf(contextKey, fields);
  };

  const processes = (): string[] => {
    const groups = new Set(notes().map((note) => note.split('.')[0]));
    return execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' })
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line.includes(root) || groups.has(line.split(' ', 1)[0]))
      .filter((line) => !/^\d+\s+Z/.test(line));
  };

  return {
    ...{ root, dataDir, contexts, published, request, processes },
    requestFor: (behaviour, fields) => request(contextOf(scripts[behaviour]), fields),
    release: () => writeFile(gate, ''),
    open: async (deps = {}, options = {}) => {
      const completed = (event: CloudEvent): Promise<void> => {
        published.push(event);
        return Promise.resolve();
      };
      const builder = await createLocalImageBuilder(
        { contexts, completed, logger: pino({ level: 'silent' }), ...deps },
        { dataDir, maxRunning: 2, maxQueued: 4, deadlineMs: 60_000, environment: process.env, now: Date.now, ...options },
      );
      opened.push(builder);
      return builder;
    },
    names: (folder) => readdir(join(dataDir, folder)).catch(() => []),
    close: async () => {
      for (const builder of opened) await builder.close();
      const left = processes();
      await rm(root, { recursive: true, force: true });
      if (left.length > 0) throw new Error(`processes are left:\n${left.join('\n')}`);
    },
  };
};
