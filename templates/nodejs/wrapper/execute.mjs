// One event through the function: whatever the function does, exactly one outcome, and in time.
import { FunctionContext } from './context.mjs';
import { describe, isPermanent, messageOf } from './failure.mjs';
import { currentEvent } from './output.mjs';

/**
 * @typedef {{ kind: 'complete', value: unknown, json?: string, bytes?: Uint8Array }
 *   | { kind: 'empty' }
 *   | { kind: 'failed', message: string }
 *   | { kind: 'error', code: 'FUNCTION_ERROR' | 'RESULT_NOT_SERIALIZABLE', message: string }
 *   | { kind: 'timeout', message: string }
 *   | { kind: 'undelivered', message: string }} Outcome
 * @typedef {{ context: FunctionContext, outcome: Outcome }} Execution
 */

/** @returns {Outcome} */
function outcomeOf(value) {
  if (value === undefined || value === null) return { kind: 'empty' };
  if (value instanceof Uint8Array) return { kind: 'complete', value, bytes: value };
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`a ${typeof value} is nothing that JSON can say`);
  return { kind: 'complete', value, json };
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
  const lateMessage = `the function did not answer within ${configuration.timeoutText} seconds`;

  const outcomeOfFailure = (context, thrown) => {
    const message = messageOf(thrown);
    const permanent = isPermanent(thrown);
    log.say('error', 'function failed', { error: describe(thrown), retryable: !permanent }, context.ids);
    return permanent ? { kind: 'failed', message } : { kind: 'error', code: 'FUNCTION_ERROR', message };
  };

  const outcomeOfExpiry = (context) => {
    FunctionContext.expire(context, new DOMException(lateMessage, 'TimeoutError'));
    log.say('error', 'function timed out', { timeout_seconds: configuration.timeoutMs / 1000 }, context.ids);
    return { kind: 'timeout', message: lateMessage };
  };

  const call = (context) => currentEvent.run(context, handle, context.event.data, context);

  /** @returns {Promise<Outcome>} */
  const settle = (context) =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(outcomeOfExpiry(context)), configuration.timeoutMs);
      const finish = (outcome) => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const fail = (thrown) => finish(outcomeOfFailure(context, thrown));
      // In a microtask of its own: a call that the watchdog cuts off takes its callers' frames with it, and the timer above must
      // still find somebody to answer.
      queueMicrotask(() => {
        try {
          const result = watchdog.call(() => call(context));
          if (typeof result?.then === 'function') result.then((value) => finish(outcomeOfResult(value)), fail);
          else finish(outcomeOfResult(result));
        } catch (thrown) {
          if (watchdog.cut(thrown)) finish(outcomeOfExpiry(context));
          else fail(thrown);
        }
      });
    });

  /** @returns {Promise<Execution>} */
  return async (event, header) => {
    const context = new FunctionContext(event, header, configuration, log);
    const began = performance.now();
    metrics.began();
    let outcome = await settle(context);
    metrics.ended(performance.now() - began);
    if (callback !== undefined) outcome = await callback(context, outcome);
    metrics.count(outcome.kind);
    log.say('debug', 'event handled', { outcome: outcome.kind }, context.ids);
    return { context, outcome };
  };
}
