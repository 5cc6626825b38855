// One event through the function: whatever the function does, exactly one outcome, and in time.
import { Execution } from './context.mjs';
import { createDeadlines } from './deadlines.mjs';
import { describe, isPermanent, messageOf } from './failure.mjs';
import { currentEvent } from './output.mjs';

/**
 * @typedef {{ kind: 'complete', value: unknown, json?: string, bytes?: Uint8Array }
 *   | { kind: 'empty' }
 *   | { kind: 'failed', message: string }
 *   | { kind: 'error', code: 'FUNCTION_ERROR' | 'RESULT_NOT_SERIALIZABLE', message: string }
 *   | { kind: 'timeout', message: string }
 *   | { kind: 'undelivered', message: string }} Outcome
 * @typedef {{ execution: Execution, outcome: Outcome }} Executed
 */

/** A number that JSON has no digits for is written as null: whoever reads it would take it for nothing. */
function refuseNonNumbers(_name, value) {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is nothing that JSON can say`);
  return value;
}

/** @returns {Outcome} */
function outcomeOf(value) {
  if (value === undefined || value === null) return { kind: 'empty' };
  if (value instanceof Uint8Array) return { kind: 'complete', value, json: undefined, bytes: value };
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`a ${typeof value} is nothing that JSON can say`);
  // Looked for only where one could be: to look at every value takes longer than to write it.
  if (json.includes('null')) JSON.stringify(value, refuseNonNumbers);
  return { kind: 'complete', value, json, bytes: undefined };
}

/** The result as an outcome: writing it as JSON runs the function's own code, which may throw. @returns {Outcome} */
function outcomeOfResult(value) {
  try {
    return outcomeOf(value);
  } catch (thrown) {
    return { kind: 'error', code: 'RESULT_NOT_SERIALIZABLE', message: messageOf(thrown) };
  }
}

export function createExecutor({ handle, configuration, log, metrics, watchdog, callback }) {
  const { timeoutMs } = configuration;
  const lateMessage = `the function did not answer within ${configuration.timeoutText} seconds`;
  const nextTurn = Promise.resolve();

  const outcomeOfFailure = (execution, thrown) => {
    const message = messageOf(thrown);
    const permanent = isPermanent(thrown);
    log.say('error', 'function failed', { error: describe(thrown), retryable: !permanent }, execution.ids);
    return permanent ? { kind: 'failed', message } : { kind: 'error', code: 'FUNCTION_ERROR', message };
  };

  const outcomeOfExpiry = (execution) => {
    execution.expire(lateMessage);
    log.say('error', 'function timed out', { timeout_seconds: timeoutMs / 1000 }, execution.ids);
    return { kind: 'timeout', message: lateMessage };
  };

  const call = (execution) => currentEvent.run(execution, handle, execution.event.data, execution.context);

  const done = (execution, outcome) => {
    metrics.count(outcome.kind);
    if (log.debugging) log.say('debug', 'event handled', { outcome: outcome.kind }, execution.ids);
    execution.answer({ execution, outcome });
  };

  /** The callback itself is broken; whatever the reason, the event is answered. */
  const untold = (execution) => (thrown) => {
    log.say('error', 'wrapper failed', { error: describe(thrown) }, execution.ids);
    done(execution, { kind: 'undelivered', message: 'the result could not be delivered' });
  };

  const settle = (execution, outcome) => {
    metrics.ended(performance.now() - execution.began);
    if (callback === undefined) done(execution, outcome);
    else callback(execution, outcome).then((remaining) => done(execution, remaining), untold(execution));
  };

  const deadlines = createDeadlines(timeoutMs, (execution) => settle(execution, outcomeOfExpiry(execution)));

  /** What a function returns after its time is nobody's any more. */
  const finish = (execution, outcome) => {
    if (deadlines.remove(execution)) settle(execution, outcome);
  };

  const run = (execution) => {
    const fail = (thrown) => finish(execution, outcomeOfFailure(execution, thrown));
    try {
      const result = watchdog.call(call, execution);
      if (typeof result?.then === 'function') result.then((value) => finish(execution, outcomeOfResult(value)), fail);
      else finish(execution, outcomeOfResult(result));
    } catch (thrown) {
      if (watchdog.cut(thrown)) finish(execution, outcomeOfExpiry(execution));
      else fail(thrown);
    }
  };

  /**
   * @param {import('./http-binding.mjs').Event} event
   * @param {string | undefined} header the request's traceparent
   * @param {(executed: Executed) => void} answer called once, in time; it does not throw
   */
  return (event, header, answer) => {
    const execution = new Execution(event, header, configuration, log, answer);
    metrics.began();
    deadlines.add(execution);
    // In a turn of its own: a call that the watchdog cuts off takes its callers' frames with it, and its deadline must still find
    // somebody to answer.
    nextTurn.then(() => run(execution));
  };
}
