// What is answered where no route fits: that there is none, or which methods the path has.
import type { FastifyInstance } from 'fastify';
import { CodedError } from '../core/errors.ts';

type KnownRoute = { method: string; path: RegExp };

/** Every route as it is added; a parameter is one segment. */
export const rememberRoutes = (app: FastifyInstance): readonly KnownRoute[] => {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/:[^/]+/g, '[^/]+')}$`);
    for (const one of [method].flat()) routes.push({ method: one, path });
  });
  return routes;
};

/** RFC 9110, section 15.5.6: a path that answers other methods is 405, not 404, and `allow` names them. */
export const missingRoute = (routes: readonly KnownRoute[], url: string): { error: CodedError; allow: string } => {
  const [asked = '/'] = url.split('?', 1);
  const allow = routes
    .filter(({ path }) => path.test(asked))
    .map(({ method }) => method)
    .join(', ');
  const error =
    allow === ''
      ? new CodedError('ROUTE_NOT_FOUND', 'There is no such route; see /docs')
      : new CodedError('METHOD_NOT_ALLOWED', `This route answers ${allow}`);
  return { error, allow };
};
