// What an object of the cluster that changed says of itself, before anybody asks for it. An object changes many times on its way, and
// most of its changes end nothing. Whoever lies here only keeps the builder from looking this time, as by saying nothing at all.
import type { EventData } from './events.ts';

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});

const holds = (status: unknown, types: readonly string[], values: readonly string[]): boolean => {
  const { conditions } = fieldsOf(status);
  const all: unknown[] = Array.isArray(conditions) ? conditions : [];
  return all.map(fieldsOf).some(({ type, status: value }) => types.includes(String(type)) && values.includes(String(value)));
};

/**
 * True only when it is there as a whole, and its end (of a job) or its readiness (of a function's parts) is still to come. What a
 * monitor has written on a job does not count: it is about to tell of the end itself, and if it can't, the job's own end follows.
 */
export const isUnderWay = ({ kind, metadata, spec, status }: EventData<'object.changed'>): boolean => {
  if (spec === undefined || 'deletionTimestamp' in metadata) return false;
  return kind === 'Job'
    ? !holds(status, ['SuccessCriteriaMet', 'Complete', 'FailureTarget', 'Failed'], ['True'])
    : !holds(status, ['Ready'], ['True', 'False']);
};
