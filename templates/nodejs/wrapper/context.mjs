// What a function gets beside its data. Everything that most functions do not ask for is made when it is asked for.
import { correlationOf, traceOf } from './trace.mjs';

export class FunctionContext {
  #execution;

  /** @param {Execution} execution */
  constructor(execution) {
    const { event, configuration } = execution;
    /** the CloudEvent: every attribute and extension by its wire name, and the data */
    this.event = event;
    const named = event.data?.contextId;
    this.contextId = typeof named === 'string' && named !== '' ? named : event.id;
    this.correlationId = execution.correlationId;
    /** the addresses of the Notifi services */
    this.services = configuration.services;
    this.#execution = execution;
  }

  /** When the answer is late: milliseconds since 1970. */
  get deadline() {
    return Math.floor(Date.now() + this.#execution.expiresAt - performance.now());
  }

  /** W3C trace context of this execution, to hand on with requests. */
  get traceparent() {
    return this.#execution.traceparent;
  }

  /** Lines that carry the ids of this execution. */
  get log() {
    return this.#execution.logger;
  }

  /** Fires when the time is over. */
  get signal() {
    return this.#execution.signal;
  }
}

/** One event in the function, as the wrapper sees it. */
export class Execution {
  /**
   * @param {import('./http-binding.mjs').Event} event
   * @param {string | undefined} header the request's traceparent
   * @param {(executed: import('./execute.mjs').Executed) => void} answer
   */
  constructor(event, header, configuration, log, answer) {
    this.event = event;
    this.configuration = configuration;
    this.correlationId = correlationOf(event);
    this.header = header;
    this.traceOfEvent = undefined;
    this.log = log;
    this.controller = undefined;
    this.expiry = undefined;
    this.loggerOfEvent = undefined;
    this.began = performance.now();
    this.expiresAt = this.began + configuration.timeoutMs;
    /** takes the execution and its outcome to the one who asked for it */
    this.answer = answer;
    this.context = new FunctionContext(this);
  }

  get trace() {
    return (this.traceOfEvent ??= traceOf(this.event, this.header));
  }

  get traceparent() {
    const { traceId, spanId, flags } = this.trace;
    return `00-${traceId}-${spanId}-${flags}`;
  }

  /** The ids under which the logs know this execution. */
  get ids() {
    const { traceId, spanId } = this.trace;
    return { correlation_id: this.correlationId, trace_id: traceId, span_id: spanId, event_id: this.event.id };
  }

  get logger() {
    return (this.loggerOfEvent ??= this.log.forEvent(this.ids));
  }

  get signal() {
    if (this.controller === undefined) {
      this.controller = new AbortController();
      if (this.expiry !== undefined) this.controller.abort(this.expiry);
    }
    return this.controller.signal;
  }

  expire(message) {
    this.expiry = new DOMException(message, 'TimeoutError');
    this.controller?.abort(this.expiry);
  }
}
