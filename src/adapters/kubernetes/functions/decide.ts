// What a spec makes of the service that is there. Pure: whoever lost a race decides once more by what is there then.
import { CodedError } from '../../../core/errors.ts';
import { isOlder, isSameRevision, type FunctionSpec } from '../../../core/function-spec.ts';
import { annotations, isOf, specIn } from './function-labels.ts';
import type { KnativeService } from './objects.ts';
import { serviceState } from './state.ts';

/** `begunFor`: see service.ts. `keep` writes nothing, `wait` is for the end of a service that is being deleted. */
export type Decision =
  | { readonly does: 'create' | 'replace'; readonly outcome: 'created' | 'updated' | 'unchanged'; readonly begunFor: number }
  | { readonly does: 'keep'; readonly outcome: 'unchanged' | 'superseded' }
  | { readonly does: 'wait' };

export const nameConflict = (name: string): CodedError =>
  new CodedError('NAME_CONFLICT', `The name "${name}" belongs to another function`);

const begunForIn = (service: KnativeService, otherwise: number): number =>
  Number(service.spec.template.metadata.annotations?.[annotations.begunFor] ?? otherwise);

/**
 * A later request for what is there already is `unchanged`, but gives a function that failed another try.
 * @throws CodedError NAME_CONFLICT
 */
export const decide = (current: KnativeService | undefined, spec: FunctionSpec): Decision => {
  if (current === undefined) return { does: 'create', outcome: 'created', begunFor: spec.requestedAt };
  if (!isOf(current.metadata, spec.ref)) throw nameConflict(spec.name);
  if (current.metadata.deletionTimestamp !== undefined) return { does: 'wait' };
  const there = specIn(current.metadata);
  // It is this function's, and cannot be read: whatever was meant, this is what is asked for now.
  if (there === undefined) return { does: 'replace', outcome: 'updated', begunFor: spec.requestedAt };
  if (isOlder(spec, there)) return { does: 'keep', outcome: 'superseded' };
  if (!isOlder(there, spec)) return { does: 'keep', outcome: 'unchanged' };
  if (!isSameRevision(there, spec)) return { does: 'replace', outcome: 'updated', begunFor: spec.requestedAt };
  const failed = serviceState(current).state === 'failed';
  return { does: 'replace', outcome: 'unchanged', begunFor: failed ? spec.requestedAt : begunForIn(current, spec.requestedAt) };
};
