// The node that builds run on: what Kaniko would do is a pause and a push to the registry, the monitor beside it is the real one. That of
// every tenth build is lost.
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { annotations } from '../../../src/adapters/kubernetes/builds/job-labels.ts';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { pushImage } from '../../../tests/services/support/push-image.ts';
import { startFakeKubelet, type RunningPod } from '../../../tests/services/support/fake-kubelet.ts';
import { buildNamespace } from '../../support/cluster/installation.ts';
import { startMonitorProcess } from '../../support/cluster/monitor-process.ts';
import type { ClusterServers } from '../../support/cluster/servers.ts';
import type { Chance } from './chance.ts';

/** One run of one attempt of a build: a pod. */
export type BuildRun = {
  buildId: string;
  attempt: string;
  jobUid: string;
  function: string;
  sourceKey: string;
  causeId: string;
  /** The image's name, which holds the build key. */
  image: string;
  digest?: string;
  startedAt: number;
  endedAt?: number;
  end?: 'complete' | 'failed' | 'stopped';
  isMonitorLost: boolean;
};

export type BuildNode = {
  runs: BuildRun[];
  /** The most containers that built at one moment; builds that wait for their deadline are not counted. */
  mostAtOnce(): number;
  /** The most memory that a monitor had, in bytes. */
  largestMonitor(): number;
  close(): Promise<void>;
};

const runOf = ({ pod }: RunningPod, isMonitorLost: boolean): BuildRun => {
  const said = (name: keyof typeof annotations): string => pod.metadata.annotations?.[annotations[name]] ?? '';
  return {
    buildId: said('buildId'),
    attempt: said('attempt'),
    jobUid: pod.metadata.ownerReferences?.[0]?.uid ?? '',
    function: said('function'),
    sourceKey: said('sourceKey'),
    causeId: said('causeId'),
    image: said('image'),
    startedAt: Date.now(),
    isMonitorLost,
  };
};

/** Which image it is can be told from its digest: of two builds of one source as well. */
const push = (registry: string, image: string, run: BuildRun): Promise<string> => {
  const [, repository = '', tag = ''] = /^[^/]+\/(.+):([^:]+)$/.exec(image) ?? [];
  return pushImage(registry, repository, tag, { job: run.jobUid, attempt: run.attempt });
};

export const startNode = async (
  servers: ClusterServers,
  client: KubernetesClient,
  credentials: string,
  folder: string,
  chance: Chance,
): Promise<BuildNode> => {
  const log = createWriteStream(join(folder, 'monitors.log'), { flags: 'a' }).setMaxListeners(0);
  const runs: BuildRun[] = [];
  const building = new Set<BuildRun>();
  const endings: Promise<void>[] = [];
  let [most, largest] = [0, 0];

  /** Until it has built, or is stopped. */
  const work = async (pod: RunningPod, run: BuildRun): Promise<NonNullable<BuildRun['end']>> => {
    const stopped = new Promise((resolve) => pod.deleted.addEventListener('abort', resolve));
    if (run.function.startsWith('hanging')) await stopped;
    else {
      building.add(run);
      most = Math.max(most, building.size);
      await Promise.race([sleep(chance.between(200, 1_800)), stopped]);
      building.delete(run);
    }
    if (pod.deleted.aborted) return 'stopped';
    if (run.function.startsWith('failing')) return 'failed';
    run.digest = await push(servers.registry, run.image, run);
    return 'complete';
  };

  const build = async (pod: RunningPod): Promise<void> => {
    const run = runOf(pod, runs.length % 10 === 9);
    runs.push(run);
    const monitor = startMonitorProcess(pod.pod, servers, credentials, log);
    pod.print('INFO[0001] Retrieving image manifest\n');
    if (run.isMonitorLost) setTimeout(() => monitor.kill(), chance.between(0, 1_000));
    run.end = await work(pod, run);
    run.endedAt = Date.now();
    if (run.isMonitorLost) monitor.kill();
    const endMonitor = async (): Promise<void> => {
      largest = Math.max(largest, await monitor.end());
    };
    if (run.end === 'stopped') await endMonitor();
    else if (run.end === 'failed') await pod.end(1, 'error building image: the drill wants it to fail\n', endMonitor);
    else await pod.end(0, run.digest ?? '', endMonitor);
  };

  const kubelet = await startFakeKubelet(servers.kubeconfig, client, buildNamespace, (pod) => void endings.push(build(pod)));
  return {
    runs,
    mostAtOnce: () => most,
    largestMonitor: () => largest,
    close: async () => {
      await Promise.all(endings);
      await kubelet.close();
    },
  };
};
