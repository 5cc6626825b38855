// Outcomes as answers: a value is a binary CloudEvent, nothing is 204, what may heal is a problem that a broker retries.
import { encodeHeaderValue } from './header-value.mjs';
import { toJson } from './json-format.mjs';
import { problem } from './problem.mjs';

/** @typedef {{ status: number, headers: string[], body: string | Uint8Array }} Answer */

/** Many replies leave within one millisecond; the text is made once for all of them. */
let timeText = '';
let timeOfText = 0;

function now() {
  const time = Date.now();
  if (time !== timeOfText) {
    timeOfText = time;
    timeText = new Date(time).toISOString();
  }
  return timeText;
}

const nothing = () => ({ status: 204, headers: [], body: '' });
const codes = { timeout: 'FUNCTION_TIMEOUT', undelivered: 'CALLBACK_UNDELIVERED' };

function problemOf({ execution, outcome }) {
  const { kind } = outcome;
  if (kind !== 'error' && kind !== 'timeout' && kind !== 'undelivered') return undefined;
  const { correlation_id, trace_id, event_id } = execution.ids;
  return problem(outcome.code ?? codes[kind], outcome.message, { correlation_id, trace_id, event_id });
}

export function createReplies({ tenant, name, replySource }) {
  const ownAttributes = ['ce-specversion', '1.0', 'ce-source', replySource, 'ce-subject', name];

  /** What the dead-letter queue gets: shaped as the builder's own rejections, with the event as it can be sent again. */
  const failureData = ({ event, context }, message) =>
    JSON.stringify({
      code: 'FUNCTION_ERROR_PERMANENT',
      category: 'function_error_permanent',
      message,
      retryable: false,
      third_party_id: tenant,
      parser_id: name,
      contextId: context.contextId,
      original: toJson(event),
    });

  /** @returns {{ type: string, contentType: string, json?: string, bytes?: Uint8Array } | undefined} */
  const replyOf = ({ execution, outcome }) => {
    if (outcome.kind === 'failed') {
      return {
        type: 'network.notifi.lambda.parser.failed',
        contentType: 'application/json',
        json: failureData(execution, outcome.message),
      };
    }
    if (outcome.kind !== 'complete') return undefined;
    const { json, bytes } = outcome;
    return {
      type: 'network.notifi.lambda.parser.complete',
      contentType: json === undefined ? 'application/octet-stream' : 'application/json',
      json,
      bytes,
    };
  };

  /** Only the event's own ids can hold what a header cannot. @returns {Answer} */
  const inBinaryMode = ({ type, contentType, json, bytes }, { event, correlationId, traceparent }) => {
    const id = encodeHeaderValue(event.id);
    const headers = [
      'content-type',
      contentType,
      ...ownAttributes,
      'ce-type',
      type,
      'ce-id',
      `${id}-reply`,
      'ce-causationid',
      id,
    ];
    headers.push('ce-correlationid', encodeHeaderValue(correlationId), 'ce-traceparent', traceparent, 'ce-time', now());
    return { status: 200, headers, body: bytes ?? json };
  };

  const inBatch = ({ type, contentType, json, bytes }, { event: { id }, correlationId, traceparent }) => {
    const attributes = { specversion: '1.0', id: `${id}-reply`, source: replySource, type, subject: name, time: now() };
    const members = JSON.stringify({
      ...attributes,
      correlationid: correlationId,
      causationid: id,
      traceparent,
      datacontenttype: contentType,
    });
    const data = bytes === undefined ? `"data":${json}` : `"data_base64":"${Buffer.from(bytes).toString('base64')}"`;
    return `${members.slice(0, -1)},${data}}`;
  };

  return {
    /** @returns {Answer} the answer to one event */
    one: (executed) => {
      const reply = replyOf(executed);
      return reply === undefined ? (problemOf(executed) ?? nothing()) : inBinaryMode(reply, executed.execution);
    },

    /** One event that may heal makes the whole batch come again: its problem is the answer, the first one's if there are several. @returns {Answer} */
    batch: (all) => {
      const replies = [];
      for (const executed of all) {
        const failure = problemOf(executed);
        if (failure !== undefined) return failure;
        const reply = replyOf(executed);
        if (reply !== undefined) replies.push(inBatch(reply, executed.execution));
      }
      if (replies.length === 0) return nothing();
      return {
        status: 200,
        headers: ['content-type', 'application/cloudevents-batch+json; charset=utf-8'],
        body: `[${replies.join(',')}]`,
      };
    },
  };
}
