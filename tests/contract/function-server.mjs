// A function for tests, and the server around it: it does what the event's data says, and starts as `behaviour.json` says.
// Without dependencies and without the templates, so that the platform is tested on its own.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
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

/** What an event can ask for, in this order; one that answers by itself returns true. */
const actions = {
  say: ({ say }) => console.log(say),
  wait: ({ wait }) => sleep(wait),
  exit: ({ exit }) => process.exit(exit),
  spin: ({ spin }) => {
    for (const end = Date.now() + spin; Date.now() < end;);
  },
  spawn: (order) => {
    order.child = spawn('sleep', ['600'], { stdio: 'inherit' }).pid;
  },
  reset: (_, { socket }) => Boolean(socket.destroy()),
  half: (_, { socket }, response) =>
    response.writeHead(200, { 'content-length': 100 }).write('part', () => socket.destroy()) || true,
  garbage: (_, { socket }) => Boolean(socket.end('this is not HTTP\r\n\r\n')),
  upgrade: (_, { socket }) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n') || true,
  chunked: (_, request, response) => response.flushHeaders(),
  bytes: ({ bytes }, request, response) => Boolean(response.end(Buffer.alloc(bytes, 'x'))),
};

const handle = async (request, response) => {
  const text = await body(request);
  const order = text === '' ? {} : JSON.parse(text);
  for (const [name, act] of Object.entries(actions)) {
    if (name in order && order[name] !== false && (await act(order, request, response)) === true) return;
  }
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
