// Which of two specs stands, and what a start that succeeded or failed makes of the record. Pure.
import { CodedError } from '../../../core/errors.ts';
import { serviceName } from '../../../core/function.ts';
import { isOlder, isSameRef, isSameRevision, specOf } from '../../../core/function-spec.ts';
import type { FunctionSpec, FunctionState } from '../../../ports.ts';

/** What is stored; the rest of the state is known while running only. */
export type FunctionRecord = Omit<FunctionState, 'url' | 'replicas'>;

/** `next`: the record from now on, `null` to remove it, left out to keep it. */
export type Change<T> = { readonly next?: FunctionRecord | null; readonly result: T };

/** `check`: a replica is to be started, to see if it can be. */
export type Applied = {
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'superseded';
  readonly record: FunctionRecord;
  readonly check: boolean;
};

/**
 * What a spec makes of a record. A later request for what is there already is `unchanged`, but gives a function that failed another try.
 * @throws CodedError NAME_CONFLICT
 */
export const applySpec = (current: FunctionRecord | undefined, spec: FunctionSpec, now: number): Change<Applied> => {
  if (spec.name !== serviceName(spec.ref) || (current !== undefined && !isSameRef(current.ref, spec.ref))) {
    throw new CodedError('NAME_CONFLICT', `The service "${spec.name}" belongs to another function`);
  }
  if (current === undefined)
    return changed('created', { ...specOf(spec), state: 'deploying', createdAt: now, updatedAt: now }, true);
  if (isOlder(spec, current)) return { result: { outcome: 'superseded', record: current, check: false } };
  if (!isOlder(current, spec)) return { result: { outcome: 'unchanged', record: current, check: false } };
  const same = isSameRevision(current, spec);
  if (same && current.state !== 'failed') return changed('unchanged', { ...current, ...specOf(spec), updatedAt: now }, false);
  return changed(
    same ? 'unchanged' : 'updated',
    { ...specOf(spec), state: 'deploying', createdAt: current.createdAt, updatedAt: now },
    true,
  );
};

const changed = (outcome: Applied['outcome'], record: FunctionRecord, check: boolean): Change<Applied> => ({
  next: record,
  result: { outcome, record, check },
});

export type Outcome = { readonly state: 'ready' } | { readonly state: 'failed'; readonly reason: string };

/** The record after a replica of a spec became ready, or did not; `settled` when the function was deploying until now. */
export const settleStart = (
  current: FunctionRecord | undefined,
  of: FunctionSpec,
  outcome: Outcome,
  now: number,
): Change<{ settled: FunctionRecord } | undefined> => {
  if (current === undefined || !isSameRef(current.ref, of.ref) || !isSameRevision(current, of)) return { result: undefined };
  const reason = outcome.state === 'failed' ? outcome.reason : undefined;
  if (current.state === outcome.state && current.reason === reason) return { result: undefined };
  const { createdAt } = current;
  const next: FunctionRecord = { ...specOf(current), ...outcome, createdAt, updatedAt: now };
  return { next, result: current.state === 'deploying' ? { settled: next } : undefined };
};
