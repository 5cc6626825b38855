// The functions' broker: it hands an event to the triggers that exist at that moment and select it, as Knative's brokers do, and an event
// that none selects is gone. What the functions make of it is not looked at here.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { takeEvents } from '../../support/cluster/ingress.ts';
import type { Knative } from '../../support/cluster/knative.ts';

export type FunctionBroker = {
  url: string;
  /** By the sender's id: how often it came, and how often a trigger took it. */
  arrivals: Map<string, { arrived: number; taken: number }>;
  close(): Promise<void>;
};

const selects = (filter: Readonly<Record<string, string>>, event: CloudEvent): boolean =>
  Object.entries(filter).every(([name, value]) => (event as unknown as Record<string, unknown>)[name] === value);

/** The sender's own, when the builder had to give it another. */
const idOf = ({ id, extensions }: CloudEvent): string => String(extensions.originid ?? id);

export const startFunctionBroker = async (knative: Pick<Knative, 'filters'>): Promise<FunctionBroker> => {
  const arrivals: FunctionBroker['arrivals'] = new Map();
  const ingress = await takeEvents((event) => {
    const arrival = arrivals.get(idOf(event)) ?? { arrived: 0, taken: 0 };
    arrivals.set(idOf(event), arrival);
    arrival.arrived++;
    if ([...knative.filters()].some((filter) => selects(filter, event))) arrival.taken++;
  });
  return { ...ingress, arrivals };
};
