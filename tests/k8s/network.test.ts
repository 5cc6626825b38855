import { describe, expect, it } from '@jest/globals';
import { describeWith } from '../services/support/service.ts';
import { findManifests, type Overlay } from './manifests.ts';
import { speaksBy, type Pod } from './network-policies.ts';

const platform = 'knative-lambda';
const functionsNamespace = 'knative-lambda-functions';

/** What eventing-rabbitmq (0.48) writes on the processes of a broker (pkg/reconciler/{broker,trigger}/resources). */
const ofBroker = (namespace: string, broker: string, role: 'ingress' | 'dispatcher' | 'dispatcher-dlq'): Pod => ({
  namespace,
  labels: { 'eventing.knative.dev/broker': broker, 'eventing.knative.dev/brokerRole': role },
});
/** What it and Knative Eventing write on those of a source. */
const source = (kind: string, name: string): Pod => ({
  namespace: platform,
  labels: { 'eventing.knative.dev/source': kind, 'eventing.knative.dev/sourceName': name },
});

const brokers: [namespace: string, name: string][] = [
  [platform, 'knative-lambda'],
  [platform, 'builds'],
  [functionsNamespace, 'functions'],
];
const sources = [
  source('apiserver-source-controller', 'builds'),
  source('apiserver-source-controller', 'functions'),
  source('rabbitmq-source-controller', 'external-events'),
];
const rabbitmq: Pod = { namespace: 'rabbitmq', labels: {} };
const gateway: Pod = { namespace: 'kourier-system', labels: {} };
const activator: Pod = { namespace: 'knative-serving', labels: {} };
const consumer: Pod = { namespace: platform, labels: { 'app.kubernetes.io/name': 'dlq-consumer' } };
const builder: Pod = { namespace: platform, labels: { 'serving.knative.dev/service': 'builder' } };
/** Its monitor, and a tenant's code: a policy knows no containers. */
const build: Pod = { namespace: 'knative-lambda-builds', labels: { 'app.kubernetes.io/component': 'build' } };
const aFunction: Pod = { namespace: functionsNamespace, labels: { 'serving.knative.dev/service': 'fn-a' } };

describeWith(await findManifests(), 'on the network', (rendered) => {
  describe.each(Object.keys(rendered) as Overlay[])('of %s', (overlay) => {
    const speaks = speaksBy(rendered[overlay]);

    it.each(brokers)('in %s the broker %s takes events, hands them out, and hands out its dead letters', (namespace, name) => {
      const ingress = ofBroker(namespace, name, 'ingress');
      expect(speaks(ingress, rabbitmq, 5672)).toBe(true);
      for (const role of ['dispatcher', 'dispatcher-dlq'] as const) {
        const dispatcher = ofBroker(namespace, name, role);
        const reached = {
          'the queues': speaks(dispatcher, rabbitmq, 5672),
          'the gateway': speaks(dispatcher, gateway, 8081),
          'the activator': speaks(dispatcher, activator, 8012),
          'the dead letters': speaks(dispatcher, consumer, 8080),
          'the broker, with a reply': speaks(dispatcher, ingress, 8080),
        };
        expect([role, Object.values(reached).every(Boolean), reached]).toEqual([role, true, reached]);
      }
    });

    it('the sources tell the builder’s broker', () => {
      for (const one of sources) expect(speaks(one, ofBroker(platform, 'knative-lambda', 'ingress'), 8080)).toBe(true);
      for (const one of sources) expect(speaks(one, consumer, 8080)).toBe(false);
    });

    it('the builder and the dead letters’ consumer reach both brokers', () => {
      for (const from of [builder, consumer])
        for (const [namespace, name] of brokers.filter(([, one]) => one !== 'builds'))
          expect(speaks(from, ofBroker(namespace, name, 'ingress'), 8080)).toBe(true);
    });

    it('a build reaches the broker that monitors tell, and nothing else of the cluster', () => {
      const reached = brokers.filter(([namespace, name]) => speaks(build, ofBroker(namespace, name, 'ingress'), 8080));
      expect(reached).toEqual([[platform, 'builds']]);
      for (const to of [builder, consumer, aFunction, rabbitmq, gateway, activator, ofBroker(platform, 'builds', 'dispatcher')])
        for (const port of [80, 5672, 8012, 8080, 9090]) expect([to, port, speaks(build, to, port)]).toEqual([to, port, false]);
    });

    it('a function reaches nothing of the platform', () => {
      for (const to of [builder, consumer, rabbitmq, gateway]) expect(speaks(aFunction, to, 8080)).toBe(false);
      for (const [namespace, name] of brokers) expect(speaks(aFunction, ofBroker(namespace, name, 'ingress'), 8080)).toBe(false);
    });
  });
});
