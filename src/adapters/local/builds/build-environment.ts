// What a build's children see: the tools, a home for caches, and how this machine reaches its registries. Nothing else of the platform's.
import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { languageOf, runtimes, type Runtime } from '../../../core/source.ts';
import { writeDurably } from '../durable-file.ts';

const run = promisify(execFile);

/** Of the environment that is given, only these are handed on. Addresses and certificates, never credentials by name. */
const handedOn =
  /^(?:PATH|LANG|LC_ALL|TZ|https?_proxy|no_proxy|all_proxy|ssl_cert_(?:file|dir)|node_extra_ca_certs|requests_ca_bundle|npm_config_registry|pip_(?:index_url|cert)|goproxy|gosumdb|gonosumdb)$/i;

const defaultPath = ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);

/** Never rejects: a tool that is not there has no answer. */
const answerOf = async (command: string, parameters: string[], path: string): Promise<string | undefined> => {
  try {
    const { stdout } = await run(command, parameters, { env: { PATH: path, HOME: '/' }, timeout: 10_000 });
    return stdout.trim();
  } catch {
    return undefined;
  }
};

type Interpreter = {
  /** Folder that stands first on the PATH. */
  folder?: string;
  /** Its name and version, as the log says it; part of what a dependency layer is made of. */
  description: string;
  variables: Record<string, string>;
};

const describePython = 'import platform, sys; print(sys.executable); print(platform.python_version())';

/** The asked-for Python if it is on the PATH, else `python3`; under both names `python3` and `$PYTHON` it is what was found. */
const findPython = async (version: string, path: string, folder: string): Promise<Interpreter> => {
  for (const command of [`python${version}`, 'python3']) {
    const [executable, found] = (await answerOf(command, ['-c', describePython], path))?.split('\n') ?? [];
    if (executable === undefined || found === undefined) continue;
    // A script and no link: a link's own folder would be taken for the installation's.
    const script = join(folder, 'python3');
    await writeDurably(script, `#!/bin/sh\nexec '${executable.replaceAll("'", "'\\''")}' "$@"\n`, 0o755);
    const instead = command === 'python3' ? `, because there is no python${version} on the PATH` : '';
    return { folder, description: `Python ${found}${instead}`, variables: { PYTHON: executable } };
  }
  return { description: 'no Python: there is no python3 on the PATH', variables: {} };
};

const findGo = async (path: string): Promise<Interpreter> => {
  const version = await answerOf('go', ['env', 'GOVERSION'], path);
  return { description: version === undefined ? 'no Go: there is no go on the PATH' : `Go ${version}`, variables: {} };
};

export type Toolchain = {
  /** Found once per runtime. */
  interpreterOf(runtime: Runtime): Promise<Interpreter>;
  /** The whole environment of a child. */
  environmentOf(runtime: Runtime, more: Record<string, string>): Promise<Record<string, string>>;
};

/**
 * @param environment where the allowed variables come from
 * @param folders `home`: the children's HOME, with the caches of package managers; `interpreters`: scripts that pick an interpreter
 */
export const createToolchain = (
  environment: Readonly<Record<string, string | undefined>>,
  { home, interpreters }: { home: string; interpreters: string },
): Toolchain => {
  const path = environment.PATH ?? defaultPath;
  const found = new Map<Runtime, Promise<Interpreter>>();

  const find = async (runtime: Runtime): Promise<Interpreter> => {
    const language = languageOf(runtime);
    const folder = join(interpreters, runtime);
    if (language === 'go') return findGo(path);
    if (language === 'nodejs')
      return { folder: dirname(process.execPath), description: `Node ${process.version}`, variables: {} };
    return findPython(runtimes[runtime].version, path, folder);
  };

  const interpreterOf = (runtime: Runtime): Promise<Interpreter> => {
    const known = found.get(runtime) ?? find(runtime);
    found.set(runtime, known);
    // A script that could not be written is not remembered.
    known.catch(() => found.delete(runtime));
    return known;
  };

  const inherited = Object.entries(environment).filter(
    (variable): variable is [string, string] => variable[1] !== undefined && handedOn.test(variable[0]),
  );

  return {
    interpreterOf,
    environmentOf: async (runtime, more) => {
      const { folder, variables } = await interpreterOf(runtime);
      return {
        ...Object.fromEntries(inherited),
        LANG: environment.LANG ?? 'C.UTF-8',
        PATH: [...(folder === undefined ? [] : [folder]), path].join(delimiter),
        HOME: home,
        npm_config_cache: join(home, 'npm'),
        npm_config_update_notifier: 'false',
        // What npm has to say stands in the build's log; files of its own would only pile up.
        npm_config_logs_max: '0',
        ...variables,
        ...more,
      };
    },
  };
};
