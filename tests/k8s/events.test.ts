import { expect, it } from '@jest/globals';
import { typePrefix } from '../../src/core/event-type.ts';
import { wireTypes } from '../../src/core/events.ts';
import { describeWith } from '../services/support/service.ts';
import { findManifests, named, ofKind, type Manifest } from './manifests.ts';

type Trigger = Manifest & {
  spec: {
    broker: string;
    filter: { attributes: { type: string } };
    subscriber: { ref: { kind: string; name: string }; uri: string };
    delivery?: object;
  };
};
type Broker = Manifest & { spec: { config: { name: string; kind: string }; delivery: Record<string, unknown> } };

describeWith(await findManifests(), 'the brokers', ({ base }) => {
  const triggers = (broker: string): Trigger[] =>
    ofKind(base, 'Trigger').filter(({ spec }) => spec?.broker === broker) as Trigger[];
  const typesFor = (broker: string, subscriber: string): string[] =>
    triggers(broker)
      .filter(({ spec }) => spec.subscriber.ref.name === subscriber)
      .map(({ spec }) => spec.filter.attributes.type)
      .sort();

  it('lead every event that the builder takes to it, and no other', () => {
    expect(typesFor('knative-lambda', 'builder')).toEqual([...wireTypes.keys()].sort());
  });

  it('lead what was refused for good to the dead letters, from either broker', () => {
    expect(typesFor('knative-lambda', 'dlq-consumer')).toEqual([`${typePrefix}event.rejected`]);
    expect(typesFor('functions', 'dlq-consumer')).toEqual([`${typePrefix}parser.failed`]);
  });

  it('take nothing but the end of a build from where builds can send: all else would be a tenant’s word', () => {
    const ends = ['build.complete', 'build.failed', 'build.timeout'].map((name) => `${typePrefix}${name}`);
    expect(triggers('builds').map(({ spec }) => spec.subscriber.ref.kind)).toEqual(['Broker', 'Broker', 'Broker']);
    expect(typesFor('builds', 'knative-lambda')).toEqual(ends);
  });

  it('deliver to the door that answers a permanent refusal with an event', () => {
    for (const { metadata, spec } of triggers('knative-lambda')) {
      const expected = spec.subscriber.ref.name === 'builder' ? '/cloudevents?delivery=broker' : '/dead-letters';
      expect([metadata.name, spec.subscriber.uri]).toEqual([metadata.name, expected]);
    }
  });

  it('hand out several events at once: without the annotation it is one after the other', () => {
    for (const { metadata } of ofKind(base, 'Trigger'))
      expect(Number(metadata.annotations?.['rabbitmq.eventing.knative.dev/parallelism'])).toBeGreaterThan(1);
  });

  it('try again and keep what they can’t deliver; a trigger with a delivery of its own would lose that', () => {
    for (const broker of ofKind(base, 'Broker') as Broker[]) {
      expect(broker.spec.delivery).toMatchObject({
        retry: 5,
        backoffPolicy: 'exponential',
        backoffDelay: 'PT1S',
        deadLetterSink: { ref: { kind: 'Service', name: 'dlq-consumer' }, uri: '/dead-letters' },
      });
    }
    for (const { spec } of ofKind(base, 'Trigger') as Trigger[]) expect(spec.delivery).toBeUndefined();
  });

  it('keep their events in quorum queues', () => {
    for (const { spec, metadata } of ofKind(base, 'Broker') as Broker[]) {
      expect(metadata.annotations?.['eventing.knative.dev/broker.class']).toBe('RabbitMQBroker');
      expect(named(base, spec.config.kind, spec.config.name, metadata.namespace).spec?.queueType).toBe('quorum');
    }
  });

  it('are told of jobs and of functions by the cluster, each where it is', () => {
    const watched = ofKind(base, 'ApiServerSource').map(({ spec = {} }) => [
      (spec.resources as { kind: string }[]).map(({ kind }) => kind),
      (spec.namespaceSelector as { matchLabels: Record<string, string> }).matchLabels['kubernetes.io/metadata.name'],
      (spec.sink as { ref: { name: string } }).ref.name,
      spec.mode,
    ]);
    expect(watched).toEqual([
      [['Job'], 'knative-lambda-builds', 'knative-lambda', 'Resource'],
      [['Service', 'Trigger'], 'knative-lambda-functions', 'knative-lambda', 'Resource'],
    ]);
  });
});
