// A function for tests, and the server around it: it does what the event's data says, and starts as `behaviour.json` says.
// Without dependencies and without the templates, so that the platform is tested on its own.
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { URL } from 'node:url';

const behaviour = JSON.parse(readFileSync(new URL('behaviour.json', import.meta.url), 'utf8'));
let busy = 0;
let most = 0;

const body = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

const handle = async (request, response) => {
  const text = await body(request);
  const order = text === '' ? {} : JSON.parse(text);
  if (order.say !== undefined) console.log(order.say);
  if (order.wait !== undefined) await sleep(order.wait);
  if (order.exit !== undefined) process.exit(order.exit);
  if (order.spin !== undefined) for (const end = Date.now() + order.spin; Date.now() < end;);
  if (order.reset === true) return request.socket.destroy();
  if (order.bytes !== undefined) return response.end(Buffer.alloc(order.bytes, 'x'));
  const reply = {
    version: behaviour.version,
    pid: process.pid,
    most,
    data: order,
    headers: request.headers,
    environment: process.env,
  };
  response.writeHead(order.status ?? 200, { 'content-type': 'application/json', 'ce-id': 'reply' }).end(JSON.stringify(reply));
};

const server = createServer((request, response) => {
  if (request.url === '/readyz') return response.writeHead(behaviour.neverReady === true ? 503 : 200).end();
  busy++;
  most = Math.max(most, busy);
  handle(request, response).finally(() => busy--);
});

if (behaviour.startsAfter !== undefined) await sleep(behaviour.startsAfter);
if (behaviour.throws !== undefined) throw new Error(behaviour.throws);
process.on('SIGTERM', () => {
  if (behaviour.ignoresTerm === true) return;
  server.close(() => process.exit(0));
});
server.listen(Number(process.env.PORT), process.env.HOST, () => {
  console.log(JSON.stringify({ level: 'info', msg: 'listening', port: server.address().port }));
});
