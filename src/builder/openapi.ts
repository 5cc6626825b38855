// The OpenAPI 3.1 document: what each route takes and answers. Event data, query parameters and errors come from the tables the code runs on.
import { errors } from '../core/errors.ts';
import { typePrefix } from '../core/event-type.ts';
import { schemas } from '../core/events.ts';
import { json, parametersOf, problem, refused, type OpenApi, type Operation, type Paths } from './openapi-parts.ts';
import { buildParams, buildsQuery, logsQuery } from './routes/builds.ts';
import { functionParams, functionsQuery } from './routes/functions.ts';

const eventTypes = Object.keys(schemas)
  .filter((name) => name !== 'object.changed')
  .map((name) => `${typePrefix}${name}`);

const postEvent: Operation = {
  summary: 'Takes CloudEvents 1.0 in binary, structured and batched mode',
  description:
    'A 2xx answer is a promise that survives the death of this process. With `delivery=broker` a permanent refusal is answered 200 with an `event.rejected` event.',
  parameters: [
    { name: 'delivery', in: 'query', required: false, schema: { type: 'string', enum: ['broker'] } },
    { name: 'ce-specversion', in: 'header', required: false, schema: { type: 'string', const: '1.0' } },
    { name: 'ce-type', in: 'header', required: false, schema: { type: 'string', examples: eventTypes } },
    { name: 'ce-source', in: 'header', required: false, schema: { type: 'string' } },
    { name: 'ce-id', in: 'header', required: false, schema: { type: 'string' } },
  ],
  requestBody: {
    content: {
      'application/json': {
        schema: {
          description: 'Binary mode: the data',
          anyOf: Object.keys(schemas).map((name) => ({ $ref: `#/components/schemas/${name}` })),
        },
      },
      'application/cloudevents+json': { schema: { $ref: '#/components/schemas/CloudEvent' } },
      'application/cloudevents-batch+json': { schema: { type: 'array', items: { $ref: '#/components/schemas/CloudEvent' } } },
    },
  },
  responses: {
    '200': json('Nothing to do, or done', { $ref: '#/components/schemas/Outcome' }),
    '202': json('Work has durably begun', { $ref: '#/components/schemas/Outcome' }),
    '207': json('A batch of which not all events were taken: one result per event', { type: 'array', items: { type: 'object' } }),
    ...refused,
  },
};

const handshake: Operation = {
  summary: 'The CloudEvents webhook handshake',
  responses: { '200': { description: 'Events may be sent' } },
};
const eventPath = { post: postEvent, options: handshake };
const build = parametersOf('path', buildParams);
const one = parametersOf('path', functionParams);

/** Every route of the builder. */
export const builderPaths: Paths = {
  '/cloudevents': eventPath,
  '/': eventPath,
  '/events': eventPath,
  '/builds': {
    get: {
      summary: 'Builds, newest first',
      parameters: parametersOf('query', buildsQuery),
      responses: { '200': json('A page of builds'), ...refused },
    },
  },
  '/builds/{id}': { get: { summary: 'One build', parameters: build, responses: { '200': json('The build'), ...refused } } },
  '/builds/{id}/logs': {
    get: {
      summary: "The build's log, as text, or followed as server-sent events",
      parameters: [...build, ...parametersOf('query', logsQuery)],
      responses: { '200': { description: 'Lines', content: { 'text/plain': {}, 'text/event-stream': {} } }, ...refused },
    },
  },
  '/builds/{id}/cancel': {
    post: {
      summary: 'Stops the build; its processes are gone with the answer',
      parameters: build,
      responses: { '200': json('The build'), ...refused },
    },
  },
  '/functions': {
    get: {
      summary: 'Functions, by name',
      parameters: parametersOf('query', functionsQuery),
      responses: { '200': json('A page of functions'), ...refused },
    },
  },
  '/functions/{tenant}/{function}': {
    get: {
      summary: 'One function, with its last build',
      parameters: one,
      responses: { '200': json('The function'), ...refused },
    },
    delete: {
      summary: 'Removes the function and all that belongs to it',
      parameters: one,
      responses: { '200': json('It is gone'), ...refused },
    },
  },
  '/functions/{tenant}/{function}/invoke': {
    post: {
      summary: 'Runs the function with an event, or with the body as its data, and answers its reply',
      parameters: one,
      responses: { '200': { description: 'The reply' }, '204': { description: 'No reply' }, ...refused },
    },
  },
  '/sweep': {
    post: {
      summary: 'Looks for what was missed, and repairs it; answers when that is done',
      responses: { '204': { description: 'Done' }, ...refused },
    },
  },
  '/healthz': { get: { summary: 'Alive', responses: { '200': json('Alive') } } },
  '/readyz': {
    get: { summary: 'Ready to take work', responses: { '200': json('Ready'), '503': problem('Not yet, or no more') } },
  },
  '/metrics': {
    get: { summary: 'Prometheus metrics', responses: { '200': { description: 'Text', content: { 'text/plain': {} } } } },
  },
  '/openapi.json': { get: { summary: 'This document', responses: { '200': json('OpenAPI 3.1') } } },
  '/docs': {
    get: { summary: 'This document as a page', responses: { '200': { description: 'HTML', content: { 'text/html': {} } } } },
  },
};

const text = { type: 'string' };

/** @param paths those that the server at hand has */
export const openApiOf = (paths: Paths): OpenApi => ({
  openapi: '3.1.1',
  info: {
    title: 'knative-lambda builder',
    version: '0.1.0',
    description: 'From a CloudEvent to a running function.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
  paths,
  components: {
    schemas: {
      ...schemas,
      CloudEvent: {
        type: 'object',
        required: ['specversion', 'id', 'source', 'type'],
        properties: {
          specversion: { const: '1.0' },
          id: text,
          source: text,
          type: { ...text, examples: eventTypes },
          subject: text,
          time: { ...text, format: 'date-time' },
          data: {},
        },
      },
      Outcome: {
        type: 'object',
        required: ['status', 'third_party_id', 'parser_id', 'correlation_id', 'message', 'links'],
        properties: {
          status: { enum: ['queued', 'started', 'pending', 'skipped', 'acknowledged', 'deleted'] },
          build_id: text,
          third_party_id: text,
          parser_id: text,
          correlation_id: text,
          message: text,
          links: { type: 'object', additionalProperties: text },
        },
      },
      Problem: {
        type: 'object',
        required: ['type', 'title', 'status', 'detail', 'code', 'retryable'],
        properties: {
          type: text,
          title: text,
          status: { type: 'integer' },
          detail: text,
          code: { enum: Object.keys(errors) },
          retryable: { type: 'boolean' },
          field: text,
          limit: text,
          correlation_id: text,
          trace_id: text,
        },
      },
    },
  },
});
