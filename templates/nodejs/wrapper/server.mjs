// HTTP: probes, and events on any path. node:http answers what is no HTTP at all.
import { receive } from './body.mjs';
import { describe } from './failure.mjs';
import { readMessage } from './http-binding.mjs';
import { problem, Refusal } from './problem.mjs';
import { createReplies } from './reply.mjs';

const { createServer: createHttpServer } = process.getBuiltinModule('node:http');

/** So many events of one batch run at once, as many as a container gets from Knative. */
const batchConcurrency = 10;

const options = {
  // Longer than any proxy in front keeps an idle connection: the one who closes first must not be the one who is sent to.
  keepAliveTimeout: 120_000,
  requestTimeout: 60_000,
  headersTimeout: 20_000,
};

function send(response, { status, headers, body }, closing) {
  if (closing) headers.push('connection', 'close');
  if (status === 204) return response.writeHead(status, headers).end();
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
  headers.push('content-length', length);
  // What is ASCII is written as it lies in memory.
  response.writeHead(status, headers).end(body, length === body.length ? 'latin1' : 'utf8');
}

const asJson = (status, value) => ({ status, headers: ['content-type', 'application/json'], body: JSON.stringify(value) });

/** In order, at most so many at once. @template T @param {T[]} items */
async function eachOf(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(batchConcurrency, items.length) }, lane));
  return results;
}

export function createServer({ configuration, log, metrics, lifecycle, execute }) {
  const replies = createReplies(configuration);

  const refuse = (thrown) => {
    if (thrown instanceof Refusal) {
      metrics.count('rejected');
      log.say('warn', 'event refused', { code: thrown.code, field: thrown.field, error: thrown.message });
      return problem(thrown.code, thrown.message, { field: thrown.field, index: thrown.index });
    }
    log.say('error', 'wrapper failed', { error: describe(thrown) });
    return problem('INTERNAL', 'The event could not be handled; it may be sent again');
  };

  const executeBatch = (events, traceparent) =>
    eachOf(events, (event) => new Promise((resolve) => execute(event, traceparent, resolve)));

  const respond = (request, response, body) => {
    lifecycle.took();
    /** Sends what is made of the outcome; nothing that goes wrong here may leave a sender without an answer. */
    const reply = (make) => {
      let result;
      try {
        result = make();
      } catch (thrown) {
        result = refuse(thrown);
      }
      if (!response.destroyed) send(response, result, lifecycle.stopping());
      lifecycle.gave();
    };
    try {
      const { events, batch } = readMessage(request, body);
      const { traceparent } = request.headers;
      if (batch) executeBatch(events, traceparent).then((all) => reply(() => replies.batch(all)));
      else execute(events[0], traceparent, (executed) => reply(() => replies.one(executed)));
    } catch (thrown) {
      reply(() => refuse(thrown));
    }
  };

  const takeEvent = (request, response) => {
    receive(request, configuration.bodyLimit, (refusal, body) => {
      if (refusal !== undefined) send(response, refuse(refusal), lifecycle.stopping());
      else if (lifecycle.stopping()) send(response, problem('STOPPING', 'This process is stopping; send the event again'), false);
      else respond(request, response, body);
    });
  };

  const probes = {
    '/healthz': () => asJson(200, { status: 'ok' }),
    '/readyz': () => (lifecycle.stopping() ? asJson(503, { status: 'stopping' }) : asJson(200, { status: 'ready' })),
    '/metrics': () => ({
      status: 200,
      headers: ['content-type', 'text/plain; version=0.0.4; charset=utf-8'],
      body: metrics.text(),
    }),
  };

  return createHttpServer(options, (request, response) => {
    const { method } = request;
    if (method === 'POST') return takeEvent(request, response);
    const path = request.url.split('?', 1)[0];
    const probe = (method === 'GET' || method === 'HEAD') && Object.hasOwn(probes, path) ? probes[path] : undefined;
    send(response, probe?.() ?? problem('METHOD_NOT_ALLOWED', 'Send events with POST'), false);
  });
}
