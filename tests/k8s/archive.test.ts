import { describe, expect, it } from '@jest/globals';
import { describeWith } from '../services/support/service.ts';
import { environmentOf, findManifests, ofKind, workloads, type Manifest, type Overlay } from './manifests.ts';

type Policy = {
  podSelector: { matchLabels?: Record<string, string> };
  egress?: {
    to?: { ipBlock?: object; namespaceSelector?: { matchLabels: Record<string, string> } }[];
    ports?: { port: number }[];
  }[];
};

const consumerOf = (manifests: readonly Manifest[]) => {
  const found = workloads(manifests).find(({ name }) => name === 'dlq-consumer');
  const [container] = found?.pod.containers ?? [];
  if (found === undefined || container === undefined) throw new Error('There is no consumer of dead letters');
  return { ...found, container, environment: environmentOf(manifests, container) };
};

/** Where it may send to on that port: a namespace, or an address anywhere. */
const reached = (manifests: readonly Manifest[], port: number): string[] =>
  ofKind(manifests, 'NetworkPolicy')
    .filter(({ metadata }) => metadata.namespace === 'knative-lambda')
    .map(({ spec }) => spec as unknown as Policy)
    .filter(({ podSelector }) => podSelector.matchLabels?.['app.kubernetes.io/name'] === 'dlq-consumer')
    .flatMap(({ egress = [] }) => egress)
    .filter(({ ports = [] }) => ports.some((one) => one.port === port))
    .flatMap(({ to = [] }) =>
      to.map(({ ipBlock, namespaceSelector }) =>
        ipBlock === undefined ? (namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? '') : 'anywhere',
      ),
    );

describeWith(await findManifests(), 'the archive of dead letters', (rendered) => {
  describe.each(Object.keys(rendered) as Overlay[])('in %s', (overlay) => {
    const manifests = rendered[overlay];

    it('is a bucket: letters that leave RabbitMQ are not left in a queue that nobody empties', () => {
      expect(consumerOf(manifests).environment.ARCHIVE_BUCKET).toMatch(/^[a-z-]+$/);
    });

    it('can be reached through the network', () => {
      const { hostname, port } = new URL(consumerOf(manifests).environment.S3_ENDPOINT ?? 'https://s3.amazonaws.com:443');
      const [, namespace] = /^[\w-]+\.([\w-]+)\.svc\.cluster\.local$/.exec(hostname) ?? [];
      expect(reached(manifests, port === '' ? 443 : Number(port))).toContain(namespace ?? 'anywhere');
    });
  });

  it('is written in studio with the keys that a Secret holds', () => {
    expect(consumerOf(rendered.studio).container.envFrom).toContainEqual({ secretRef: { name: 'object-store' } });
  });
});
