// GET /builds over 10,000 builds.
import { setTimeout as sleep } from 'node:timers/promises';
import { annotationsOf, labelsOf } from '../../src/adapters/kubernetes/builds/job-labels.ts';
import { kanikoJob } from '../../src/adapters/kubernetes/builds/kaniko-job.ts';
import { jobs, type Job } from '../../src/adapters/kubernetes/builds/objects.ts';
import { create } from '../../src/adapters/kubernetes/verbs.ts';
import { progressAnnotations } from '../../src/core/build-progress.ts';
import type { BuildRequest } from '../../src/core/build.ts';
import { buildNamespace } from '../support/cluster/installation.ts';
import { median } from '../support/median.ts';
import { peakBytes, residentBytes } from '../support/process-facts.ts';
import type { Row } from '../support/report.ts';
import { refNumber, sourceKeyOf } from './build-event.ts';
import { createMemoryLimit, limitBytes } from './memory-limit.ts';
import type { BenchSite } from './site.ts';

const requestNumber = (n: number): BuildRequest => {
  const ref = refNumber('listed', n % 500);
  const digits = n.toString(16).padStart(16, '0');
  return {
    ref,
    buildId: digits,
    buildKey: digits.repeat(4),
    contentHash: digits.repeat(4),
    sourceKey: sourceKeyOf(ref),
    runtime: 'nodejs24',
    image: `registry.example/functions:${digits}`,
    contextKey: `contexts/${digits.repeat(4)}.tar.gz`,
    priority: 5,
    requestedAt: Date.now(),
    cause: { source: `network.notifi.${ref.tenant}`, id: `listed-${n}` },
    correlationId: digits,
    traceparent: `00-${digits.repeat(2)}-${digits}-01`,
  };
};

/** As a job is when its monitor has told of the end. */
const endedJob = (n: number): Job => {
  const request = requestNumber(n);
  const attempt = { attempt: 1, createdAt: Date.now() - n };
  const job = kanikoJob(
    request,
    attempt,
    { NODE_BASE_IMAGE: 'docker.io/library/node:24-bookworm-slim' },
    {
      namespace: buildNamespace,
      kanikoImage: `ghcr.io/osscontainertools/kaniko@sha256:${'a'.repeat(64)}`,
      monitorImage: `registry.local/knative-lambda@sha256:${'b'.repeat(64)}`,
      serviceAccount: 'kaniko',
      tempBucket: 'temp',
      s3: { pathStyle: false },
      registryPlainHttp: false,
      brokerUrl: 'http://broker-ingress.knative-eventing.svc.cluster.local/knative-lambda/knative-lambda',
      deadlineSeconds: 1800,
      keepSeconds: 3600,
    },
  );
  const told = {
    [progressAnnotations.phase]: 'failed',
    [progressAnnotations.exitCode]: '1',
    [progressAnnotations.endedAt]: new Date().toISOString(),
    [progressAnnotations.errorMessage]: 'error building image: a step failed',
    [progressAnnotations.logTail]: 'INFO[0001] Retrieving image manifest\n'.repeat(20),
  };
  return {
    ...job,
    metadata: { ...job.metadata, labels: labelsOf(request), annotations: { ...annotationsOf(request, attempt), ...told } },
  };
};

const createJobs = async (site: BenchSite, count: number): Promise<void> => {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await create(site.client, jobs, buildNamespace, endedJob(n));
  };
  await Promise.all(Array.from({ length: 20 }, lane));
};

const timeOf = async (url: string): Promise<number> => {
  const begun = performance.now();
  const response = await fetch(url);
  const { builds } = (await response.json()) as { builds: unknown[] };
  if (builds.length === 0) throw new Error('No builds were listed');
  return performance.now() - begun;
};

const medianOf = async (url: string, rounds: number): Promise<number> => {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await timeOf(url));
  return median(times);
};

/** What it looks through at its start is no part of a list. */
const untilSwept = async ({ proxy }: BenchSite): Promise<void> => {
  do await sleep(2_000);
  while (proxy.take().size > 0);
};

export const measureBuildList = async (site: BenchSite, count: number, rounds: number): Promise<Row[]> => {
  // It would only take time away: the jobs are over.
  await site.servers.kubernetes('stop', 'kube-controller-manager');
  await createJobs(site, count);
  const limit = await createMemoryLimit(limitBytes);
  const builder = await site.startBuilder({}, limit?.command);
  const atRest = residentBytes(builder.pid);
  await untilSwept(site);
  const first = await timeOf(`${builder.address}/builds?limit=20`);
  const calls = [...site.proxy.take().values()].reduce((sum, calls) => sum + calls, 0);
  const page = await medianOf(`${builder.address}/builds?limit=20`, rounds);
  const ofFunction = await medianOf(`${builder.address}/builds?limit=20&third_party_id=tenant-1&parser_id=listed-1`, rounds);
  const peak = peakBytes(builder.pid);
  const code = await builder.stop();
  await limit?.remove();
  const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  return [
    {
      bench: 'cluster',
      what: `first page of ${count} builds`,
      medians: `${first.toFixed(0)} ms at first, then ${page.toFixed(0)} ms; ${calls} API calls; of one function ${ofFunction.toFixed(0)} ms`,
    },
    {
      bench: 'cluster',
      what: `memory, listing ${count} builds${limit === undefined ? ', without a limit' : ', under 256 MiB'}`,
      medians: `at rest ${mebibytes(atRest)}, peak ${mebibytes(peak)}, exit ${code ?? 'by signal'}`,
      comparisons: [{ against: '256 MiB', ratio: peak / limitBytes, atMost: 1 }],
    },
  ];
};
