// Runs the two build scripts as the image's build stage and local mode run them.
import { spawn } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';
import { contextFolder, type FunctionChoice, type Source } from './context-folder.ts';

export interface ScriptResult {
  readonly exitCode: number | null;
  readonly output: string;
  readonly durationMs: number;
}

/** Nothing of the platform's environment reaches a build: the tools, a home for caches, and how this machine reaches its registries. */
export function buildEnvironment(): Record<string, string> {
  const handedOn = /^(HOME|LANG|.*_PROXY|.*_proxy|PIP_.*|GOPROXY|GOSUMDB|GOCACHE|GOMODCACHE|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/;
  const environment: Record<string, string> = { PATH: toolPath() };
  for (const [name, value] of Object.entries(process.env))
    if (value !== undefined && handedOn.test(name)) environment[name] = value;
  return environment;
}

/** The Node that runs the tests is the Node that runs the functions. */
export function toolPath(): string {
  return [dirname(process.execPath), process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin'].join(delimiter);
}

export function runScript(root: string, name: string, parameters: readonly string[]): Promise<ScriptResult> {
  const began = performance.now();
  const child = spawn('sh', [join('build', name), ...parameters], {
    cwd: root,
    env: buildEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (bytes: Buffer) => said.push(bytes));
  child.stderr.on('data', (bytes: Buffer) => said.push(bytes));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve({ exitCode, output: Buffer.concat(said).toString('utf8'), durationMs: performance.now() - began });
    });
  });
}

export function install(root: string): Promise<ScriptResult> {
  return runScript(root, 'install.sh', ['manifest', 'dependencies']);
}

export function compile(root: string): Promise<ScriptResult> {
  return runScript(root, 'compile.sh', [root]);
}

/** @returns a folder that can be started; a failing build is the test's failure, with what the tool said. */
export async function buildFunction(language: string, source: Source, choice: FunctionChoice = {}): Promise<string> {
  const root = await contextFolder(language, source, choice);
  for (const step of [install, compile]) {
    const result = await step(root);
    if (result.exitCode !== 0) throw new Error(`the ${language} build ended with ${result.exitCode}\n${result.output}`);
  }
  return root;
}
