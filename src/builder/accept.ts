// One event, from the wire to its outcome: parsed, limited, handled; measured and logged whatever it came to.
import type { CloudEvent } from '../core/cloudevent.ts';
import { originOf } from '../core/correlation.ts';
import type { Origin } from '../core/emitted.ts';
import { toCodedError, type CodedError } from '../core/errors.ts';
import { parseEvent, wireTypes, type EventName } from '../core/events.ts';
import type { FunctionRef } from '../core/function.ts';
import type { Logger } from '../ops/logger.ts';
import type { RateVerdict } from '../ports.ts';
import { dispatch, isLimited, type Handlers } from './dispatch.ts';
import type { AdmitEvent } from './limits.ts';
import type { BuilderMetrics } from './metrics.ts';
import { httpStatusOf, type Outcome } from './outcome.ts';

type Known = { origin: Origin; ref?: FunctionRef; verdict?: RateVerdict };
export type Accepted = Known & ({ outcome: Outcome } | { error: CodedError });
export type Accept = (
  event: CloudEvent,
  headers: { correlationId?: string | undefined; traceparent?: string | undefined },
) => Promise<Accepted>;

type Deps = { handlers: Handlers; admit: AdmitEvent; metrics: BuilderMetrics; logger: Logger };

const handle = async (deps: Deps, event: CloudEvent, known: Known): Promise<Accepted> => {
  try {
    const lambdaEvent = parseEvent(event);
    known.ref = lambdaEvent.ref;
    if (isLimited(lambdaEvent.name)) known.verdict = await deps.admit(lambdaEvent.ref.tenant);
    return { ...known, outcome: await dispatch(deps.handlers, lambdaEvent, known.origin) };
  } catch (thrown) {
    return { ...known, error: toCodedError(thrown) };
  }
};

const idsOf = (event: CloudEvent, { origin, ref }: Known): Record<string, unknown> => ({
  correlation_id: origin.correlationId,
  trace_id: origin.traceparent.slice(3, 35),
  span_id: origin.traceparent.slice(36, 52),
  event_id: event.id.slice(0, 256),
  event_type: event.type.slice(0, 256),
  third_party_id: ref?.tenant,
  parser_id: ref?.function,
});

const log = (logger: Logger, event: CloudEvent, accepted: Accepted, seconds: number): void => {
  const fields = idsOf(event, accepted);
  fields.duration_ms = Math.round(seconds * 1000);
  if ('outcome' in accepted) {
    fields.build_id = accepted.outcome.buildId;
    fields.status = accepted.outcome.status;
    logger.info(fields, 'event handled');
    return;
  }
  const { error } = accepted;
  Object.assign(fields, { code: error.code, reason: error.message, field: error.details.field });
  if (error.code === 'INTERNAL') logger.error({ ...fields, err: error.cause ?? error }, 'event failed');
  else if (error.retryable) logger.warn({ ...fields, err: error.cause }, 'event put off');
  else logger.info(fields, 'event refused');
};

const outcomeLabel = (accepted: Accepted): 'accepted' | 'done' | 'refused' | 'retryable' => {
  if ('outcome' in accepted) return httpStatusOf(accepted.outcome) === 202 ? 'accepted' : 'done';
  return accepted.error.retryable ? 'retryable' : 'refused';
};

const typeLabel = (event: CloudEvent): EventName | 'unknown' => wireTypes.get(event.type) ?? 'unknown';

export const createAccept =
  (deps: Deps): Accept =>
  async (event, headers) => {
    const begun = performance.now();
    const accepted = await handle(deps, event, { origin: originOf(event, headers) });
    const seconds = (performance.now() - begun) / 1000;
    deps.metrics.eventEnded(typeLabel(event), outcomeLabel(accepted), seconds);
    if ('error' in accepted) deps.metrics.errorAnswered(accepted.error.code);
    log(deps.logger, event, accepted, seconds);
    return accepted;
  };
