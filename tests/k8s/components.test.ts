import { beforeAll, expect, it } from '@jest/globals';
import { jobSettings, functionSettings } from '../../src/cluster/settings.ts';
import { clusterSettings } from '../../src/cluster/config.ts';
import { readConfig } from '../../src/ops/config.ts';
import { describeWith } from '../services/support/service.ts';
import { environmentOf, findManifests, named, renderWith, workloads, type Manifest } from './manifests.ts';

describeWith(await findManifests(), 'with a registry that asks who you are', () => {
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
