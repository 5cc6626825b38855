// What the routes that only local mode has do, for its OpenAPI document.
import { json, parametersOf, refused, type Paths } from '../builder/openapi-parts.ts';
import { functionParams } from '../builder/routes/functions.ts';
import { letterParams, lettersQuery, resultsQuery } from './local-routes.ts';

const letter = parametersOf('path', letterParams);

export const localPaths: Paths = {
  '/functions/{tenant}/{function}/results': {
    get: {
      summary: 'How the events of a function ended, the last first',
      parameters: [...parametersOf('path', functionParams), ...parametersOf('query', resultsQuery)],
      responses: { '200': json('Results'), ...refused },
    },
  },
  '/dead-letters': {
    get: {
      summary: 'Events that could not be handled, the last first',
      parameters: parametersOf('query', lettersQuery),
      responses: { '200': json('A page of dead letters'), ...refused },
    },
  },
  '/dead-letters/{id}': {
    get: {
      summary: 'One dead letter, with its event',
      parameters: letter,
      responses: { '200': json('The dead letter'), ...refused },
    },
    delete: {
      summary: 'Takes a dead letter out for good',
      parameters: letter,
      responses: { '200': json('It is gone'), ...refused },
    },
  },
  '/dead-letters/{id}/redrive': {
    post: {
      summary: 'Hands a dead letter to delivery once more',
      parameters: letter,
      responses: { '200': json('What became of it'), ...refused },
    },
  },
};
