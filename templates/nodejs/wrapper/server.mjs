// HTTP: probes, and events on any path. node:http answers what is no HTTP at all.
import { createServer as createHttpServer } from 'node:http';
import { describe } from './failure.mjs';
import { readMessage } from './http-binding.mjs';
import { problem, Refusal } from './problem.mjs';
import { answer, answerBatch } from './reply.mjs';

/** So many events of one batch run at once, as many as a container gets from Knative. */
const batchConcurrency = 10;

const options = {
  // Longer than any proxy in front keeps an idle connection: the one who closes first must not be the one who is sent to.
  keepAliveTimeout: 120_000,
  requestTimeout: 60_000,
  headersTimeout: 20_000,
};

function send(response, { status, headers, body }, closing) {
  const all = closing ? [...headers, 'connection', 'close'] : headers;
  if (status === 204) response.writeHead(status, all).end();
  else
    response
      .writeHead(status, [...all, 'content-length', typeof body === 'string' ? Buffer.byteLength(body) : body.length])
      .end(body);
}

const asJson = (status, value) => ({ status, headers: ['content-type', 'application/json'], body: JSON.stringify(value) });

/** Gathers a body; stops keeping it where it passes the limit, and lets the rest run out. */
function receive(request, limit, done) {
  const tooLarge = () => done(new Refusal('BODY_TOO_LARGE', `The body is larger than ${limit} bytes`, 'body'));
  if (Number(request.headers['content-length']) > limit) return tooLarge();
  let first;
  let parts;
  let size = 0;
  request.on('data', (part) => {
    if (size > limit) return;
    size += part.length;
    if (size > limit) return tooLarge();
    if (first === undefined) first = part;
    else (parts ??= [first]).push(part);
  });
  request.on('end', () => {
    if (size <= limit) done(undefined, parts === undefined ? (first ?? Buffer.alloc(0)) : Buffer.concat(parts, size));
  });
}

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
  const handle = async (rawHeaders, body) => {
    const { events, batch, traceparent } = readMessage(rawHeaders, body);
    if (!batch) return answer(await execute(events[0], traceparent), configuration);
    return answerBatch(await eachOf(events, (event) => execute(event, traceparent)), configuration);
  };

  const refuse = (thrown) => {
    if (thrown instanceof Refusal) {
      metrics.count('rejected');
      log.say('warn', 'event refused', { code: thrown.code, field: thrown.field, error: thrown.message });
      return problem(thrown.code, thrown.message, { field: thrown.field, index: thrown.index });
    }
    log.say('error', 'wrapper failed', { error: describe(thrown) });
    return problem('INTERNAL', 'The event could not be handled; it may be sent again');
  };

  const takeEvent = (request, response) => {
    receive(request, configuration.bodyLimit, (refusal, body) => {
      if (refusal !== undefined) return send(response, refuse(refusal), lifecycle.stopping());
      if (lifecycle.stopping())
        return send(response, problem('STOPPING', 'This process is stopping; send the event again'), false);
      lifecycle.took();
      handle(request.rawHeaders, body)
        .catch(refuse)
        .then((result) => {
          if (response.destroyed) return lifecycle.gave();
          response.once('close', lifecycle.gave);
          send(response, result, lifecycle.stopping());
        });
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
