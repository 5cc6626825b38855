import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clusterSettings } from '../../src/cluster/config.ts';
import { jobSettings } from '../../src/cluster/settings.ts';
import { dlqSettings, mistakeIn } from '../../src/dlq-consumer/config.ts';
import { localSettings } from '../../src/local/config.ts';
import { readConfig } from '../../src/ops/config.ts';
import { describeWith } from '../services/support/service.ts';
import { environmentOf, findManifests, readYaml, root, workloads, type Manifest, type Overlay } from './manifests.ts';

/** Read by libraries and by Node itself. */
const foreign = /^(?:AWS_[A-Z_]+|NODE_[A-Z_]+)$/;

const containerNamed = (manifests: Manifest[], name: string) => {
  const found = workloads(manifests)
    .flatMap(({ pod }) => pod.containers)
    .find((container) => container.name === name);
  if (found === undefined) throw new Error(`There is no container ${name}`);
  return found;
};

const unknownTo = (schema: { properties: object }, environment: Record<string, string>): string[] =>
  Object.keys(environment).filter((name) => !Object.hasOwn(schema.properties, name) && !foreign.test(name));

/** What the command asks of a consumer that agrees to everything. @throws when it exits otherwise than by 0 */
const askedBy = async ([, file = '', ...parameters]: readonly string[]): Promise<string[]> => {
  const asked: string[] = [];
  const consumer = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(consumer, 'listening');
  const { port } = consumer.address() as AddressInfo;
  try {
    const main = join(root, file.replace('dist/', 'src/').replace('.js', '.ts'));
    const env = { PATH: process.env.PATH, DLQ_URL: `http://127.0.0.1:${port}` };
    await promisify(execFile)(process.execPath, [main, ...parameters], { env });
    return asked;
  } finally {
    consumer.close();
  }
};

describeWith(await findManifests(), 'the environment that a manifest gives', (rendered) => {
  describe.each(Object.keys(rendered) as Overlay[])('in %s', (overlay) => {
    const manifests = rendered[overlay];

    it('to the builder is one that it starts with, and holds no name that nobody reads', () => {
      const environment = environmentOf(manifests, containerNamed(manifests, 'builder'));
      expect(unknownTo(clusterSettings, environment)).toEqual([]);
      expect(() => readConfig(clusterSettings, environment)).not.toThrow();
    });

    it('to the dead letters’ consumer is one that it starts with', () => {
      const environment = {
        ...environmentOf(manifests, containerNamed(manifests, 'dlq-consumer')),
        AMQP_URL: 'amqp://user:password@rabbitmq.rabbitmq.svc:5672',
      };
      expect(unknownTo(dlqSettings, environment)).toEqual([]);
      expect(mistakeIn(readConfig(dlqSettings, environment))).toBeUndefined();
    });

    it("sends letters back to the builder's broker, and what functions reply to their own: there nobody obeys it", () => {
      const consumer = environmentOf(manifests, containerNamed(manifests, 'dlq-consumer'));
      const builder = environmentOf(manifests, containerNamed(manifests, 'builder'));
      expect(consumer.BROKER_URL).toBe(builder.BROKER_URL);
      expect(consumer.REPLY_BROKER_URL).toBe(builder.FUNCTIONS_BROKER_URL);
    });

    it('to the cleanup holds only what the command reads', async () => {
      const command = await readFile(join(root, 'src/cli/main.ts'), 'utf8');
      const usage = await readFile(join(root, 'src/cli/dlq-parameters.ts'), 'utf8');
      for (const name of Object.keys(environmentOf(manifests, containerNamed(manifests, 'cleanup'))))
        expect([name, `${command}${usage}`.includes(name)]).toEqual([name, true]);
    });

    it('to the cleanup, with its command, makes it ask the consumer to clean up', async () => {
      const { command = [] } = containerNamed(manifests, 'cleanup');
      expect(await askedBy(command)).toEqual(['POST /dead-letters/cleanup']);
    });

    it('names the namespaces, brokers and accounts that there are', () => {
      const config = readConfig(clusterSettings, environmentOf(manifests, containerNamed(manifests, 'builder')));
      const has = (kind: string, name: string, namespace?: string): boolean =>
        manifests.some((one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace);
      expect(has('Namespace', config.BUILD_NAMESPACE)).toBe(true);
      expect(has('Namespace', config.FUNCTION_NAMESPACE)).toBe(true);
      expect(has('ServiceAccount', config.BUILD_SERVICE_ACCOUNT, config.BUILD_NAMESPACE)).toBe(true);
      expect(has('Broker', config.FUNCTIONS_BROKER, config.FUNCTION_NAMESPACE)).toBe(true);
      // eventing-rabbitmq names a broker's ingress after it.
      expect(config.FUNCTIONS_BROKER_URL).toBe(
        `http://${config.FUNCTIONS_BROKER}-broker-ingress.${config.FUNCTION_NAMESPACE}.svc.cluster.local`,
      );
      const [, broker = '', namespace = ''] = /^http:\/\/(.+)-broker-ingress\.([\w-]+)\.svc/.exec(config.BROKER_URL) ?? [];
      expect(has('Broker', broker, namespace)).toBe(true);
      expect(config.DEAD_LETTER_URL).toBe('http://dlq-consumer.knative-lambda.svc.cluster.local/dead-letters');
      expect(has('Service', 'dlq-consumer', 'knative-lambda')).toBe(true);
    });

    it('lets monitors tell a broker of their own', () => {
      const config = readConfig(clusterSettings, environmentOf(manifests, containerNamed(manifests, 'builder')));
      const url = 'http://builds-broker-ingress.knative-lambda.svc.cluster.local';
      expect(jobSettings(config).brokerUrl).toBe(url);
      expect(manifests).toContainEqual(
        expect.objectContaining({ kind: 'Broker', metadata: expect.objectContaining({ name: 'builds' }) }),
      );
      const without = environmentOf(manifests, containerNamed(manifests, 'builder'));
      delete without.MONITOR_BROKER_URL;
      expect(jobSettings(readConfig(clusterSettings, without)).brokerUrl).toBe(config.BROKER_URL);
    });

    it('lets the monitor be the image that the builder is', () => {
      const builder = containerNamed(manifests, 'builder');
      expect(environmentOf(manifests, builder).MONITOR_IMAGE).toBe(builder.image);
    });

    it('starts only processes that there are', async () => {
      for (const { command = [] } of workloads(manifests).flatMap(({ pod }) => pod.containers)) {
        const [program, ...parameters] = command;
        expect(program).toBe('node');
        const file = parameters.find((parameter) => !parameter.startsWith('-')) ?? '';
        await access(join(root, file.replace('dist/', 'src/').replace('.js', '.ts')));
      }
    });
  });
});

describe('docker-compose.yml', () => {
  type Compose = { services: Record<string, { image?: string; command?: string[]; environment?: Record<string, string> }> };

  it('gives the platform and the consumer settings that they start with', async () => {
    const { services } = await readYaml<Compose>('docker-compose.yml');
    const { platform: { environment: local = {} } = {}, 'dlq-consumer': { environment: dlq = {} } = {} } = services;
    expect(unknownTo(localSettings, local)).toEqual([]);
    expect(() => readConfig(localSettings, local)).not.toThrow();
    expect(unknownTo(dlqSettings, dlq)).toEqual([]);
    expect(mistakeIn(readConfig(dlqSettings, dlq))).toBeUndefined();
  });

  it('pins every image by its digest', async () => {
    const { services } = await readYaml<Compose>('docker-compose.yml');
    for (const { image } of Object.values(services))
      if (image !== undefined) expect(image).toMatch(/:[\w.-]+@sha256:[0-9a-f]{64}$/);
  });
});
