// What the routes are, for machines and for people. Made from the same tables that the routes and the errors are made from.
import type { FastifyInstance } from 'fastify';
import { openApi } from '../openapi.ts';
import { documentationPage } from '../openapi-page.ts';

export const addDocumentation = (app: FastifyInstance): void => {
  const text = JSON.stringify(openApi);
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(text));
  app.get('/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(documentationPage(openApi)),
  );
};
