import { beforeAll, expect, it } from '@jest/globals';
import { jobSettings, functionSettings } from '../../src/cluster/settings.ts';
import { clusterSettings } from '../../src/cluster/config.ts';
import { readConfig } from '../../src/ops/config.ts';
import { describeWith } from '../services/support/service.ts';
import { environmentOf, findManifests, named, renderWith, workloads, type Manifest } from './manifests.ts';
import { speaksBy, type Pod } from './network-policies.ts';

const found = await findManifests();

describeWith(found, 'with a registry that asks who you are', () => {
  let manifests: Manifest[] = [];
  beforeAll(async () => {
    manifests = await renderWith('private-registry');
  });

  it('the image of every process of ours can be pulled, the monitor’s among them', () => {
    const accounts: [string, string][] = workloads(manifests).map(({ namespace, pod }) => [
      namespace,
      pod.serviceAccountName ?? 'default',
    ]);
    for (const [namespace, name] of [...accounts, ['knative-lambda-builds', 'kaniko'] as const])
      expect(named(manifests, 'ServiceAccount', name, namespace)).toMatchObject({ imagePullSecrets: [{ name: 'registry' }] });
  });

  it('the builder looks images up, builds push and functions are pulled by the same Secret', () => {
    const builder = workloads(manifests)
      .flatMap(({ pod }) => pod.containers)
      .find(({ name }) => name === 'builder');
    const config = readConfig(clusterSettings, environmentOf(manifests, builder ?? { name: '', image: '' }));
    expect(config.REGISTRY_AUTH_FILE).toBe('/etc/registry/config.json');
    expect(jobSettings(config).registrySecret).toBe('registry');
    expect(functionSettings(config).imagePullSecrets).toEqual(['registry']);
  });
});

describeWith(found, 'with limits that replicas share', ({ base }) => {
  let manifests: Manifest[] = [];
  beforeAll(async () => {
    manifests = await renderWith('shared-limits');
  });

  it('the builder is told by a Secret where Redis is, since a password stands there', () => {
    const builder = workloads(manifests)
      .flatMap(({ pod }) => pod.containers)
      .find(({ name }) => name === 'builder');
    expect(builder?.env).toContainEqual({ name: 'REDIS_URL', valueFrom: { secretKeyRef: { name: 'redis', key: 'REDIS_URL' } } });
    expect(Object.keys(clusterSettings.properties)).toContain('REDIS_URL');
  });

  it('the builder reaches it, and nobody else does', () => {
    const redis: Pod = { namespace: 'redis', labels: {} };
    const platform = (labels: Record<string, string>): Pod => ({ namespace: 'knative-lambda', labels });
    const builder = platform({ 'serving.knative.dev/service': 'builder' });
    expect(speaksBy(base)(builder, redis, 6379)).toBe(false);
    const speaks = speaksBy(manifests);
    expect(speaks(builder, redis, 6379)).toBe(true);
    expect(speaks(platform({ 'app.kubernetes.io/name': 'dlq-consumer' }), redis, 6379)).toBe(false);
    const build: Pod = { namespace: 'knative-lambda-builds', labels: { 'app.kubernetes.io/component': 'build' } };
    expect(speaks(build, redis, 6379)).toBe(false);
    const aFunction: Pod = { namespace: 'knative-lambda-functions', labels: { 'serving.knative.dev/service': 'fn-a' } };
    expect(speaks(aFunction, redis, 6379)).toBe(false);
  });
});
