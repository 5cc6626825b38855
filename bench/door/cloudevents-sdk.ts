// What somebody writes who takes the SDK: HTTP.toEvent does the reading.
import { HTTP, type CloudEvent } from 'cloudevents';
import Fastify from 'fastify';

const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.get('/readyz', () => ({ status: 'ready' }));
app.post('/cloudevents', (request, reply) => {
  const event = HTTP.toEvent({ headers: request.headers, body: request.body }) as CloudEvent;
  return reply.code(202).send({ status: 'queued', id: event.id, type: event.type, correlation_id: event.correlationid });
});
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
