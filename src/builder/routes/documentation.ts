// What the routes are, for machines and for people. The document lists exactly the routes that this server has: a route that nobody
// described does not start, and a description without a route is not shown.
import type { FastifyInstance } from 'fastify';
import { openApiOf } from '../openapi.ts';
import { documentationPage } from '../openapi-page.ts';
import type { Paths } from '../openapi-parts.ts';

/** Collects the description of every route that is added from now on. HEAD is not told apart from GET (RFC 9110, section 9.3.2). */
const collect = (app: FastifyInstance, described: Paths): Paths => {
  const found: Paths = {};
  app.addHook('onRoute', ({ method, url }) => {
    const path = url.replace(/:([^/]+)/g, '{$1}');
    for (const one of [method].flat().map((name) => name.toLowerCase())) {
      if (one === 'head') continue;
      const operation = described[path]?.[one];
      if (operation === undefined) throw new Error(`The route ${one} ${path} is not described`);
      found[path] = { ...found[path], [one]: operation };
    }
  });
  return found;
};

/** To be called before any route is added. */
export const addDocumentation = (app: FastifyInstance, described: Paths): void => {
  const found = collect(app, described);
  app.get('/openapi.json', (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(openApiOf(found))),
  );
  app.get('/docs', (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .send(documentationPage(openApiOf(found))),
  );
};
