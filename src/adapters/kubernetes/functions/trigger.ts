// The Trigger of a function, as it is sent: its parser.start events, from the functions' broker to its service.
import { eventSourceOf } from '../../../core/function.ts';
import type { FunctionSpec } from '../../../core/function-spec.ts';
import { typePrefix } from '../../../core/event-type.ts';
import type { OwnerReference } from '../objects.ts';
import { labelsOf, ownerAnnotations } from './function-labels.ts';
import { triggers, type Trigger } from './objects.ts';
import { deliverySeconds, type FunctionSettings } from './settings.ts';
import { internalUrl } from './state.ts';

/** @param owner the service: the trigger goes with it */
export const trigger = ({ ref, name }: FunctionSpec, owner: OwnerReference, settings: FunctionSettings): Trigger => ({
  apiVersion: triggers.apiVersion,
  kind: triggers.kind,
  metadata: {
    name,
    namespace: settings.namespace,
    labels: labelsOf(ref),
    // Events of one function that its broker hands out at once.
    annotations: { ...ownerAnnotations(ref), 'rabbitmq.eventing.knative.dev/parallelism': '50' },
    ownerReferences: [owner],
  },
  spec: {
    broker: settings.broker,
    filter: { attributes: { type: `${typePrefix}parser.start`, source: eventSourceOf(ref), subject: ref.function } },
    // By its address and not by reference: a service that never became ready has no address to refer to, its trigger would not be
    // ready either, and a broker hands events without a ready trigger to nobody. So they are tried, and become dead letters.
    subscriber: { uri: internalUrl(name, settings.namespace) },
    delivery: {
      retry: 5,
      backoffPolicy: 'exponential',
      backoffDelay: 'PT1S',
      timeout: `PT${deliverySeconds(settings)}S`,
      deadLetterSink: { uri: settings.deadLetterUrl },
    },
  },
});
