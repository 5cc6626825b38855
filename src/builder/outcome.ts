// What an event came to, as its sender is told.
import type { FunctionRef } from '../core/function.ts';

/** 202: work has durably begun. 200: there was nothing to do, or it is done. */
const httpStatus = { queued: 202, started: 202, pending: 202, skipped: 200, acknowledged: 200, deleted: 200 } as const;

export type OutcomeStatus = keyof typeof httpStatus;
export type Outcome = {
  status: OutcomeStatus;
  ref: FunctionRef;
  message: string;
  buildId?: string;
  /** The build failed lately and is not tried again yet: nothing will come of waiting for it. */
  failedLately?: boolean;
  /** It failed by taking too long, which a later try may heal. */
  timedOut?: boolean;
};

export const httpStatusOf = (outcome: Outcome): 200 | 202 => httpStatus[outcome.status];

export const bodyOf = (outcome: Outcome, correlationId: string): Record<string, unknown> => {
  const { ref, buildId } = outcome;
  const build = buildId === undefined ? {} : { build: `/builds/${buildId}`, logs: `/builds/${buildId}/logs` };
  return {
    status: outcome.status,
    ...(buildId === undefined ? {} : { build_id: buildId }),
    third_party_id: ref.tenant,
    parser_id: ref.function,
    correlation_id: correlationId,
    message: outcome.message,
    links: { ...build, function: `/functions/${ref.tenant}/${ref.function}` },
  };
};
