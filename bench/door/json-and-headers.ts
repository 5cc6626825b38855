// What somebody writes who needs only the values: JSON.parse, and the attributes read from the headers. Nothing is checked.
import Fastify from 'fastify';

type Attributes = Record<string, unknown>;

const structured = 'application/cloudevents+json';

const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.get('/readyz', () => ({ status: 'ready' }));
app.post('/cloudevents', (request, reply) => {
  const { headers } = request;
  const body = JSON.parse(request.body as string) as Attributes;
  const event: Attributes = headers['content-type']?.startsWith(structured)
    ? body
    : {
        specversion: headers['ce-specversion'],
        id: headers['ce-id'],
        source: headers['ce-source'],
        type: headers['ce-type'],
        subject: headers['ce-subject'],
        time: headers['ce-time'],
        correlationid: headers['ce-correlationid'],
        traceparent: headers['ce-traceparent'],
        data: body,
      };
  return reply.code(202).send({ status: 'queued', id: event.id, type: event.type, correlation_id: event.correlationid });
});
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
