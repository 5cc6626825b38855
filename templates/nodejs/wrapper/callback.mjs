// Notifi's scheduler is told of every execution before the event is acknowledged. While it cannot be told, the broker keeps the event.
import { cut } from './failure.mjs';

const tries = 5;
const patienceMs = 5_000;
const firstPauseMs = 200;

/** A list is the entries; an object may name them; any other value is the only one. */
function entriesOf({ kind, value, json, bytes }) {
  if (kind === 'empty') return '[]';
  if (bytes !== undefined) return JSON.stringify([Buffer.from(bytes).toString('base64')]);
  if (json.startsWith('[')) return json;
  return Array.isArray(value.eventEntries) ? JSON.stringify(value.eventEntries) : `[${json}]`;
}

function bodyOf({ context: { contextId } }, outcome) {
  if (outcome.kind !== 'complete' && outcome.kind !== 'empty') {
    return JSON.stringify({ contextId, succeeded: false, errorMessage: cut(outcome.message) });
  }
  return `{"contextId":${JSON.stringify(contextId)},"succeeded":true,"eventEntries":${entriesOf(outcome)}}`;
}

/** @returns {Promise<{ delivered: boolean, again: boolean, why: string }>} */
function post(request, url, headers, body) {
  return new Promise((resolve) => {
    const failed = (why) => resolve({ delivered: false, again: true, why });
    const outgoing = request(url, { method: 'POST', headers, timeout: patienceMs }, (response) => {
      response.on('error', () => undefined).resume();
      clearTimeout(timer);
      const status = response.statusCode;
      const again = status === 408 || status === 429 || status >= 500;
      resolve({ delivered: status >= 200 && status < 300, again, why: `the scheduler answered ${status}` });
    });
    const timer = setTimeout(
      () => outgoing.destroy(new Error(`the scheduler did not answer within ${patienceMs / 1000} seconds`)),
      patienceMs,
    );
    outgoing.on('error', (error) => {
      clearTimeout(timer);
      failed(error.message);
    });
    outgoing.end(body);
  });
}

async function deliver(send) {
  const { setTimeout: sleep } = process.getBuiltinModule('node:timers/promises');
  for (let attempt = 1; ; attempt += 1) {
    const result = await send();
    if (result.delivered || !result.again || attempt === tries) return result;
    // Half of the pause is chance: processes that failed together do not come back together.
    await sleep(firstPauseMs * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
  }
}

/** @returns a function that tells of one execution and gives the outcome that remains; nothing without a scheduler. */
export function createCallback({ scheduler, signingKey, name }, log) {
  if (scheduler === undefined) return undefined;
  const url = new URL(scheduler);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/fusion/execution/response`;
  const { createHash, createHmac } = process.getBuiltinModule('node:crypto');
  const { request, Agent } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const agent = new Agent({ keepAlive: true });
  const send = (target, options, answered) => request(target, { ...options, agent }, answered);

  return async (execution, outcome) => {
    const { event } = execution;
    const body = bodyOf(execution, outcome);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'user-agent': `knative-lambda-handler/${name}`,
      'idempotency-key': createHash('sha256').update(`${event.source}\0${event.id}`).digest('hex'),
      traceparent: execution.traceparent,
    };
    if (signingKey !== undefined)
      headers['x-notifi-signature'] = `sha256=${createHmac('sha256', signingKey).update(body).digest('hex')}`;
    const { delivered, why } = await deliver(() => post(send, url, headers, body));
    if (delivered) return outcome;
    log.say('error', 'callback was not delivered', { error: why }, execution.ids);
    return { kind: 'undelivered', message: `the result could not be delivered: ${why}` };
  };
}
