import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Socket } from 'node:net';
import { createHttpEventSink } from '../../../../src/adapters/http/event-sink.ts';
import { createEventPoster, type EventPoster } from '../../../../src/adapters/http/post-event.ts';
import { cloudEvent } from '../../../../src/core/cloudevent.ts';

type Received = { request: IncomingMessage; body: string };

const event = cloudEvent(
  [
    ...Object.entries({ specversion: '1.0', id: 'é 1', source: 's', type: 't', datacontenttype: 'application/json' }),
    ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'],
    ['dlqattempt', 3],
  ],
  { bytes: Buffer.from('{"a":1}') },
);

describe('an event that is posted', () => {
  let server: Server;
  let url: URL;
  let received: Received[];
  let answer: (response: ServerResponse) => void;
  let poster: EventPoster;

  beforeEach(async () => {
    received = [];
    answer = (response) => response.writeHead(202).end();
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ request, body: Buffer.concat(chunks).toString() });
        answer(response);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/path?q=1`);
    poster = createEventPoster({ userAgent: 'test', maxSockets: 4, maxAnswerBytes: 1_000 });
  });
  afterEach(async () => {
    poster.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  test('arrives in binary mode, with its attributes encoded and its trace as a header of HTTP too', async () => {
    expect(await poster.post(url, event, 1_000)).toMatchObject({ status: 202 });
    const [{ request, body } = { body: '' } as Received] = received;
    expect(body).toBe('{"a":1}');
    expect(request.url).toBe('/path?q=1');
    expect(request.headers).toMatchObject({
      'ce-id': '%C3%A9%201',
      'ce-dlqattempt': '3',
      'content-type': 'application/json',
      'content-length': '7',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      'user-agent': 'test',
      prefer: 'reply',
    });
  });

  test('arrives in structured mode where its attributes are too long for headers, its trace as a header all the same', async () => {
    await poster.post(url, { ...event, subject: 'é'.repeat(3_000) }, 1_000);
    const [{ request, body } = { request: undefined, body: '' }] = received;
    expect(request?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    });
    expect(JSON.parse(body)).toMatchObject({ id: 'é 1', subject: 'é'.repeat(3_000), data: { a: 1 } });
  });

  test('has no header for a trace that is none', async () => {
    const { extensions } = event;
    await poster.post(url, { ...event, extensions: { ...extensions, traceparent: 'é'.repeat(8_000) } }, 1_000);
    expect(received[0]?.request.headers).not.toHaveProperty('traceparent');
  });

  test('brings the whole answer back: a reply is an event', async () => {
    answer = (response) => response.writeHead(200, { 'ce-id': 'r', 'X-Two': ['a', 'b'] }).end('body');
    const { headers, rawHeaders, body } = await poster.post(url, event, 1_000);
    expect(headers).toMatchObject({ 'ce-id': 'r', 'x-two': 'a, b' });
    expect(rawHeaders).toContain('X-Two');
    expect(body.toString()).toBe('body');
  });

  test('does not follow a redirect: it could lead anywhere', async () => {
    answer = (response) => response.writeHead(307, { location: url.href }).end();
    expect(await poster.post(url, event, 1_000)).toMatchObject({ status: 307 });
    expect(received).toHaveLength(1);
  });

  test('is given up when there is no answer in time', async () => {
    answer = () => undefined;
    await expect(poster.post(url, event, 50)).rejects.toMatchObject({
      code: 'FUNCTION_TIMEOUT',
      message: 'It did not answer within 0.05 s',
    });
  });

  test('is given up when the answer never ends', async () => {
    answer = (response) => void response.writeHead(200).write('x');
    await expect(poster.post(url, event, 50)).rejects.toMatchObject({ code: 'FUNCTION_TIMEOUT' });
  });

  test('does not fill the memory with an answer without end', async () => {
    answer = (response) => response.writeHead(200).end('x'.repeat(100_000));
    await expect(poster.post(url, event, 1_000)).rejects.toMatchObject({
      code: 'FUNCTION_UNAVAILABLE',
      message: 'The answer is longer than 1000 bytes',
    });
  });

  test('fails in words when nobody listens, or the connection breaks', async () => {
    answer = (response) => response.socket?.destroy();
    await expect(poster.post(url, event, 1_000)).rejects.toMatchObject({ code: 'FUNCTION_UNAVAILABLE' });
    await expect(poster.post(new URL('http://127.0.0.1:1/'), event, 1_000)).rejects.toMatchObject({
      message: 'It refused the connection',
    });
    await expect(poster.post(new URL('http://no-such-host.invalid/'), event, 2_000)).rejects.toMatchObject({
      code: 'FUNCTION_UNAVAILABLE',
    });
  });

  test('ends at once when the signal fires', async () => {
    answer = () => undefined;
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error('stopping')), 20);
    await expect(poster.post(url, event, 5_000, stop.signal)).rejects.toThrow('stopping');
  });

  test('is sent again when a kept connection had been closed by the other side', async () => {
    const sockets: Socket[] = [];
    let requests = 0;
    const once202 = createTcpServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => {
        // The first connection is kept, and closed by a reset as soon as it is used again.
        if (++requests === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n');
      });
    }).listen(0, '127.0.0.1');
    await once(once202, 'listening');
    const address = new URL(`http://127.0.0.1:${(once202.address() as AddressInfo).port}/`);
    expect((await poster.post(address, event, 1_000)).status).toBe(202);
    expect((await poster.post(address, event, 1_000)).status).toBe(202);
    expect(sockets).toHaveLength(2);
    for (const socket of sockets) socket.destroy();
    once202.close();
    await once(once202, 'close');
  });

  test('to a broker is taken or not, and nothing between', async () => {
    const sink = createHttpEventSink(poster, url, 1_000);
    expect(await sink.publish(event)).toBe('owed');
    await expect(createHttpEventSink(poster, new URL('http://127.0.0.1:1/'), 100).publish(event)).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    });
  });

  test.each([301, 401, 403, 404, 408, 409, 429, 500, 503])('to a broker that answers %i may be taken later', async (status) => {
    answer = (response) => response.writeHead(status).end();
    const code = 'BROKER_UNAVAILABLE';
    const refused = createHttpEventSink(poster, url, 1_000).publish(event);
    await expect(refused).rejects.toMatchObject({ code, message: `The broker answered ${status}` });
  });

  test.each([400, 413, 415, 422, 431])('to a broker that answers %i will never be taken', async (status) => {
    answer = (response) => response.writeHead(status).end();
    const code = 'EVENT_REFUSED';
    const refused = createHttpEventSink(poster, url, 1_000).publish(event);
    await expect(refused).rejects.toMatchObject({ code, message: `The broker answered ${status}` });
  });
});
