// An API server, an S3 and a registry for one drill or benchmark alone: they may be restarted, and nobody else's objects are in them.
import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

export type ClusterServers = {
  /** The administrator's. */
  kubeconfig: string;
  apiServer: { host: string; port: number; ca: string };
  s3: string;
  registry: string;
  /** Verbs of scripts/services/kubernetes.sh. */
  kubernetes(...parameters: string[]): Promise<string>;
  /** Ends them and removes what they stored. */
  wipe(): Promise<void>;
};

/** The only account of the S3 that scripts/services/s3.sh starts. */
export const storageAccount = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test-secret' };

/** @param port they take this one and the twenty after it */
export const startClusterServers = async (port: number): Promise<ClusterServers> => {
  const folder = (name: string): string => join(root, `.cache/services/${name}-${port}`);
  const env = {
    ...process.env,
    KUBERNETES_PORT: String(port),
    KUBERNETES_FOLDER: folder('kubernetes'),
    S3_PORT: String(port + 10),
    S3_FOLDER: folder('s3'),
    REGISTRY_PORT: String(port + 11),
    REGISTRY_FOLDER: folder('registry'),
  };
  // Building a server for the first time takes minutes.
  const call = async (name: string, ...parameters: string[]): Promise<string> =>
    (await run(join(root, `scripts/services/${name}.sh`), parameters, { env, timeout: 1_200_000 })).stdout.trim();
  const names = ['kubernetes', 's3', 'registry'];
  const wipe = async (): Promise<void> => {
    await Promise.all(names.map((name) => call(name, 'wipe')));
  };
  await wipe();
  const [kubeconfig = '', s3 = '', registry = ''] = await Promise.all(names.map((name) => call(name, 'start')));
  return {
    kubeconfig,
    apiServer: { host: '127.0.0.1', port, ca: join(dirname(kubeconfig), 'certificates/apiserver.crt') },
    s3,
    registry,
    kubernetes: (...parameters) => call('kubernetes', ...parameters),
    wipe,
  };
};
