// The floor: Fastify, which takes the body as a string and looks at nothing.
import Fastify from 'fastify';

const app = Fastify({ logger: false });
app.removeAllContentTypeParsers();
app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
app.get('/readyz', () => ({ status: 'ready' }));
app.post('/cloudevents', (_request, reply) => reply.code(202).send('taken'));
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
