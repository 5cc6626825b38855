// What a function gets beside its data. Everything that most functions do not ask for is made when it is asked for.
import { correlationOf, traceOf } from './trace.mjs';

export class FunctionContext {
  #log;
  #controller;
  #reason;
  #logger;
  #trace;
  #header;

  /**
   * @param {import('./http-binding.mjs').Event} event
   * @param {string | undefined} header the request's traceparent
   */
  constructor(event, header, configuration, log) {
    /** the CloudEvent: every attribute and extension by its wire name, and the data */
    this.event = event;
    /** when the answer is late: milliseconds since 1970 */
    this.deadline = Date.now() + configuration.timeoutMs;
    /** the addresses of the Notifi services */
    this.services = configuration.services;
    const named = event.data?.contextId;
    this.contextId = typeof named === 'string' && named !== '' ? named : event.id;
    this.correlationId = correlationOf(event);
    this.#log = log;
    this.#header = header;
  }

  get #span() {
    return (this.#trace ??= traceOf(this.event, this.#header));
  }

  /** W3C trace context of this execution, to hand on with requests. */
  get traceparent() {
    const { traceId, spanId, flags } = this.#span;
    return `00-${traceId}-${spanId}-${flags}`;
  }

  /** The ids under which the logs know this execution. */
  get ids() {
    const { traceId, spanId } = this.#span;
    return { correlation_id: this.correlationId, trace_id: traceId, span_id: spanId, event_id: this.event.id };
  }

  get log() {
    return (this.#logger ??= this.#log.forEvent(this.ids));
  }

  /** Fires when the time is over. */
  get signal() {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Fires the signal. Not for functions: it is theirs to listen. */
  static expire(context, reason) {
    context.#reason = reason;
    context.#controller?.abort(reason);
  }
}
