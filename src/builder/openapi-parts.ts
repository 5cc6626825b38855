// The parts that an OpenAPI document is put together from.
import type { TSchema } from 'typebox';

export type Operation = {
  summary: string;
  description?: string;
  parameters?: object[];
  requestBody?: object;
  responses: Record<string, object>;
};
/** Path in OpenAPI's spelling → method in lower case → what it does. */
export type Paths = Record<string, Record<string, Operation>>;
export type OpenApi = { openapi: '3.1.1'; info: object; paths: Paths; components: object };

export const parametersOf = (
  place: 'path' | 'query',
  schema: { properties: Record<string, TSchema>; required?: string[] },
): object[] =>
  Object.entries(schema.properties).map(([name, property]) => {
    const required = place === 'path' || (schema.required?.includes(name) === true && !('default' in property));
    return { name, in: place, required, schema: property };
  });

export const json = (description: string, schema: object = { type: 'object' }): object => ({
  description,
  content: { 'application/json': { schema } },
});
export const problem = (description: string): object => ({
  description,
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});
export const refused = {
  '4XX': problem('It can never succeed'),
  '429': problem('A limit was met; Retry-After says when to come back'),
  '503': problem('Not now'),
};
