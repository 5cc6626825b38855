import { describe, expect, it } from '@jest/globals';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { kanikoContainer } from '../../src/adapters/kubernetes/builds/kaniko-container.ts';
import { monitorContainer } from '../../src/adapters/kubernetes/builds/monitor-container.ts';
import { clusterSettings } from '../../src/cluster/config.ts';
import { jobSettings } from '../../src/cluster/settings.ts';
import { readConfig } from '../../src/ops/config.ts';
import { describeWith } from '../services/support/service.ts';
import { buildWith } from '../unit/core/builds.ts';
import { environmentOf, findManifests, named, ofKind, root, workloads, type Manifest, type Overlay } from './manifests.ts';

const units: Record<string, number> = { m: 0.001, '': 1, Mi: 2 ** 20, Gi: 2 ** 30 };

const amount = (quantity: string): number => {
  const [, digits = '', unit = ''] = /^([\d.]+)(m|Mi|Gi|)$/.exec(quantity) ?? [];
  return Number(digits) * (units[unit] ?? NaN);
};

/** Those of "restricted" (Pod Security Standards), and a root file system that nobody writes to. */
const restricted = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  readOnlyRootFilesystem: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

describeWith(await findManifests(), 'the pods', (rendered) => {
  describe.each(Object.keys(rendered) as Overlay[])('of %s', (overlay) => {
    const manifests = rendered[overlay];
    const containers = workloads(manifests).flatMap(({ pod }) => pod.containers);

    it('have no rights that they do not need', () => {
      for (const { name, securityContext } of containers) expect([name, securityContext]).toEqual([name, restricted]);
      for (const { pod } of workloads(manifests)) {
        expect(pod).not.toHaveProperty('hostNetwork');
        expect(pod).not.toHaveProperty('hostPID');
        expect(JSON.stringify(pod)).not.toContain('hostPath');
      }
    });

    it('have an account of their own, and a token only where they speak to the API server', () => {
      for (const { name, namespace, pod } of workloads(manifests)) {
        const account = named(manifests, 'ServiceAccount', pod.serviceAccountName ?? 'default', namespace);
        expect(account.metadata.name).not.toBe('default');
        expect([name, pod.automountServiceAccountToken !== false]).toEqual([name, name === 'builder']);
      }
    });

    it('say what they need and how much they may have', () => {
      for (const { name, resources: { requests = {}, limits = {} } = {} } of containers) {
        for (const resource of ['cpu', 'memory']) {
          const [request = '', limit = ''] = [requests[resource], limits[resource]];
          expect([name, resource, amount(request) > 0 && amount(limit) >= amount(request)]).toEqual([name, resource, true]);
        }
      }
    });

    it('come from images with a version, never from "latest"', () => {
      for (const { image } of containers) expect(image).toMatch(/(?::[^:/]+|@sha256:[0-9a-f]{64})$/);
      for (const { image } of containers) expect(image).not.toMatch(/:latest$/);
    });

    it('get what is secret from a Secret, never from the manifest', () => {
      for (const { name: container, env = [] } of containers)
        for (const { name, value } of env.filter((one) => /TOKEN|PASSWORD|SECRET_ACCESS|_KEY$|^AMQP_URL$/.test(one.name)))
          expect([container, name, value]).toEqual([container, name, undefined]);
      expect(ofKind(manifests, 'Secret')).toEqual([]);
    });

    it('are asked whether they are alive and whether they are ready, by two questions', () => {
      for (const { name, readinessProbe, livenessProbe } of containers.filter((one) => one.name !== 'cleanup')) {
        expect([name, readinessProbe?.httpGet?.path]).toEqual([name, '/readyz']);
        expect([name, livenessProbe?.httpGet?.path]).toEqual([name, '/healthz']);
      }
    });

    it('are chosen by their services and budgets', () => {
      const labels = workloads(manifests).map((workload) => ({
        ...workload.labels,
        'serving.knative.dev/service': workload.name,
      }));
      const selectors = [
        ...ofKind(manifests, 'Service', 'v1').map(({ spec = {} }) => spec.selector),
        ...ofKind(manifests, 'PodDisruptionBudget').map(
          ({ spec = {} }) => (spec.selector as { matchLabels: object }).matchLabels,
        ),
      ] as Record<string, string>[];
      for (const selector of selectors) expect(labels).toContainEqual(expect.objectContaining(selector));
    });

    it('are in namespaces of the platform, each with nothing allowed by default on the network', () => {
      const namespaces = ofKind(manifests, 'Namespace').map(({ metadata }) => metadata.name);
      expect(namespaces).toEqual(['knative-lambda', 'knative-lambda-builds', 'knative-lambda-functions']);
      for (const namespace of namespaces) {
        const { spec } = named(manifests, 'NetworkPolicy', 'default-deny', namespace);
        expect(spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
        for (const kind of ['ResourceQuota', 'LimitRange'])
          expect(ofKind(manifests, kind).filter(({ metadata }) => metadata.namespace === namespace)).toHaveLength(1);
      }
      const ofTheCluster = ['Namespace', 'MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'];
      for (const { kind, metadata } of manifests.filter((one) => !ofTheCluster.includes(one.kind)))
        expect([kind, metadata.name, namespaces.includes(metadata.namespace ?? '')]).toEqual([kind, metadata.name, true]);
    });

    it('of builds find room for as many as the builder lets run, each with its monitor', () => {
      const builder = containers.find(({ name }) => name === 'builder');
      if (builder === undefined) throw new Error('There is no builder');
      const config = readConfig(clusterSettings, environmentOf(manifests, builder));
      const settings = jobSettings(config);
      const { hard } = named(manifests, 'ResourceQuota', 'builds').spec as { hard: Record<string, string> };
      const parts = [kanikoContainer(buildWith(), {}, settings), monitorContainer(buildWith(), 1, settings)];
      for (const kind of ['requests', 'limits'] as const)
        for (const resource of ['cpu', 'memory'] as const) {
          const one = parts.reduce((sum, { resources }) => sum + amount(resources[kind][resource]), 0);
          const all = one * config.MAX_CONCURRENT_JOBS;
          expect([kind, resource, all <= amount(hard[`${kind}.${resource}`] ?? '0')]).toEqual([kind, resource, true]);
        }
      expect(Number(hard.pods)).toBeGreaterThanOrEqual(config.MAX_CONCURRENT_JOBS * 2);
      expect(Number(hard['count/jobs.batch'])).toBeGreaterThan(config.MAX_CONCURRENT_JOBS + config.MAX_QUEUED_JOBS);
    });
  });

  it('of the builder are none to ten, small, and not reached from outside', () => {
    const builder = ofKind(rendered.base, 'Service', 'serving.').find(
      ({ metadata }) => metadata.name === 'builder',
    ) as Manifest & {
      spec: { template: { metadata: { annotations: Record<string, string> } } };
    };
    expect(builder.metadata.labels?.['networking.knative.dev/visibility']).toBe('cluster-local');
    expect(builder.spec.template.metadata.annotations).toMatchObject({
      'autoscaling.knative.dev/min-scale': '0',
      'autoscaling.knative.dev/max-scale': '10',
    });
    const [container] = workloads([builder]).flatMap(({ pod }) => pod.containers);
    expect(container?.resources).toMatchObject({ requests: { cpu: '250m', memory: '256Mi' }, limits: { memory: '256Mi' } });
  });

  it('of Kaniko come from an image by its digest', () => {
    const [builder] = workloads(rendered.base).flatMap(({ pod }) => pod.containers.filter(({ name }) => name === 'builder'));
    if (builder === undefined) throw new Error('There is no builder');
    expect(environmentOf(rendered.base, builder).KANIKO_IMAGE).toMatch(/@sha256:[0-9a-f]{64}$/);
  });

  it('that are an exception for a linter are one with a reason, right above it', async () => {
    for await (const file of glob('k8s/**/*.yaml', { cwd: root })) {
      const lines = (await readFile(join(root, file), 'utf8')).split('\n');
      lines.forEach((line, at) => {
        if (/^\s*(?:kube-score\/ignore|ignore-check\.kube-linter\.io\/)/.test(line))
          expect([file, lines[at - 1]]).toEqual([file, expect.stringMatching(/^\s*# \S/)]);
      });
    }
  });
});
