// Outcomes as answers: a value is a binary CloudEvent, nothing is 204, what may heal is a problem that a broker retries.
import { encodeHeaderValue } from './header-value.mjs';
import { toJson } from './json-format.mjs';
import { problem } from './problem.mjs';

const nothing = { status: 204, headers: [], body: '' };
const codes = { timeout: 'FUNCTION_TIMEOUT', undelivered: 'CALLBACK_UNDELIVERED' };

/** @returns {Record<string, string>} the attributes of the reply to an event */
function attributesOf(context, type, { replySource, name }) {
  return {
    specversion: '1.0',
    id: `${context.event.id}-reply`,
    source: replySource,
    type: `network.notifi.lambda.${type}`,
    subject: name,
    time: new Date().toISOString(),
    correlationid: context.correlationId,
    causationid: context.event.id,
    traceparent: context.traceparent,
  };
}

/** What the dead-letter queue gets: shaped as the builder's own rejections, with the event as it can be sent again. */
function failureData({ event, contextId }, message, { tenant, name }) {
  const reason = { code: 'FUNCTION_ERROR_PERMANENT', category: 'function_error_permanent', message, retryable: false };
  return JSON.stringify({ ...reason, third_party_id: tenant, parser_id: name, contextId, original: toJson(event) });
}

/** @returns {{ attributes: Record<string, string>, contentType: string, json?: string, bytes?: Uint8Array } | undefined} */
function replyOf({ context, outcome }, configuration) {
  if (outcome.kind === 'failed') {
    const json = failureData(context, outcome.message, configuration);
    return { attributes: attributesOf(context, 'parser.failed', configuration), contentType: 'application/json', json };
  }
  if (outcome.kind !== 'complete') return undefined;
  const attributes = attributesOf(context, 'parser.complete', configuration);
  if (outcome.bytes !== undefined) return { attributes, contentType: 'application/octet-stream', bytes: outcome.bytes };
  return { attributes, contentType: 'application/json', json: outcome.json };
}

function problemOf({ context, outcome }) {
  if (outcome.kind !== 'error' && outcome.kind !== 'timeout' && outcome.kind !== 'undelivered') return undefined;
  const { correlation_id, trace_id, event_id } = context.ids;
  return problem(outcome.code ?? codes[outcome.kind], outcome.message, { correlation_id, trace_id, event_id });
}

function inBinaryMode({ attributes, contentType, json, bytes }) {
  const headers = ['content-type', contentType];
  for (const name of Object.keys(attributes)) headers.push(`ce-${name}`, encodeHeaderValue(attributes[name]));
  return { status: 200, headers, body: bytes ?? json };
}

function inBatch({ attributes, contentType, json, bytes }) {
  const members = JSON.stringify({ ...attributes, datacontenttype: contentType });
  const data = bytes === undefined ? `"data":${json}` : `"data_base64":"${Buffer.from(bytes).toString('base64')}"`;
  return `${members.slice(0, -1)},${data}}`;
}

/** @returns {{ status: number, headers: string[], body: string | Uint8Array }} the answer to one event */
export function answer(execution, configuration) {
  const reply = replyOf(execution, configuration);
  return reply === undefined ? (problemOf(execution) ?? nothing) : inBinaryMode(reply);
}

/** One event that may heal makes the whole batch come again: its problem is the answer, the first one's if there are several. */
export function answerBatch(executions, configuration) {
  const replies = [];
  for (const execution of executions) {
    const failure = problemOf(execution);
    if (failure !== undefined) return failure;
    const reply = replyOf(execution, configuration);
    if (reply !== undefined) replies.push(inBatch(reply));
  }
  if (replies.length === 0) return nothing;
  return {
    status: 200,
    headers: ['content-type', 'application/cloudevents-batch+json; charset=utf-8'],
    body: `[${replies.join(',')}]`,
  };
}
