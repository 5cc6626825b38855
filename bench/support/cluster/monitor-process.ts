// The sidecar of a build's pod, run as its container says: the real monitor's bundle with the pod's environment.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pod } from '../../../src/adapters/kubernetes/builds/objects.ts';
import { bundle } from './builder-process.ts';
import { openSockets, peakBytes } from '../process-facts.ts';
import type { ClusterServers } from './servers.ts';

export type MonitorProcess = {
  kill(): void;
  /** SIGTERM, and SIGKILL when the pod's time to end is over. Resolves with the most memory that it had, when it is gone. */
  end(): Promise<number>;
};

type Variable = { name: string; value?: string; valueFrom?: { fieldRef: { fieldPath: string } } };
type Container = { name: string; command?: string[]; env?: Variable[] };

const graceMs = 30_000;

/**
 * The first process of a container is not ended by a signal that it does not listen to yet. This one listens before it speaks to the
 * API server, over its first socket beside those of its two outputs.
 */
const untilListening = async (pid: number, isOver: () => boolean): Promise<void> => {
  while (!isOver() && openSockets(pid) < 3) await sleep(20);
};

/** As a kubelet resolves it: fields of the pod, and `$$` for a dollar sign. */
const valueOf = ({ value = '', valueFrom }: Variable, pod: Pod): string => {
  const path = valueFrom?.fieldRef.fieldPath;
  if (path === undefined) return value.replaceAll('$$', '$');
  return (path === 'metadata.name' ? pod.metadata.name : pod.metadata.namespace) ?? '';
};

const monitorIn = (pod: Pod): Container => {
  const { initContainers = [] } = (pod as Pod & { spec: { initContainers?: Container[] } }).spec;
  const found = initContainers.find(({ name }) => name === 'build-monitor');
  if (found === undefined) throw new Error('The pod has no monitor');
  return found;
};

const environmentOf = (pod: Pod): Record<string, string> =>
  Object.fromEntries((monitorIn(pod).env ?? []).map((variable) => [variable.name, valueOf(variable, pod)]));

/** What the container's command tells Node, between `node` and the file. */
const flagsOf = (pod: Pod): string[] => (monitorIn(pod).command ?? []).slice(1, -1);

/** @param credentials the folder with the token */
export const startMonitorProcess = (
  pod: Pod,
  { apiServer }: Pick<ClusterServers, 'apiServer'>,
  credentials: string,
  log: WriteStream,
): MonitorProcess => {
  const child = spawn(process.execPath, [...flagsOf(pod), bundle('build-monitor')], {
    env: {
      PATH: process.env.PATH,
      ...environmentOf(pod),
      KUBERNETES_SERVICE_HOST: apiServer.host,
      KUBERNETES_SERVICE_PORT: String(apiServer.port),
      CREDENTIALS_DIR: credentials,
      PROGRESS_SECONDS: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const gone = once(child, 'exit');
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  void gone.then(() => process.off('exit', kill));
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    kill,
    end: async () => {
      await untilListening(child.pid ?? 0, isOver);
      // A process that has just ended has no memory to tell of.
      const peak = isOver() || child.pid === undefined ? 0 : peakBytes(child.pid) || 0;
      child.kill('SIGTERM');
      const late = new AbortController();
      void sleep(graceMs, undefined, { signal: late.signal }).then(
        () => child.kill('SIGKILL'),
        () => undefined,
      );
      await gone;
      late.abort();
      return peak;
    },
  };
};
