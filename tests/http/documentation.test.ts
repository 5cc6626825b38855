// /openapi.json and /docs, held to the server that answers them.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { addDocumentation } from '../../src/builder/routes/documentation.ts';
import { builderPaths } from '../../src/builder/openapi.ts';
import { errors } from '../../src/core/errors.ts';
import { localPaths } from '../../src/local/local-paths.ts';
import { startPlatform, type PlatformProcess } from '../support/platform-process.ts';
import { exchange, type RawResponse } from '../support/raw-connection.ts';
import { request } from './requests.ts';

const testing: { platform?: PlatformProcess } = {};
const send = (method: string, path: string): Promise<RawResponse> =>
  exchange(testing.platform?.port ?? 0, request({ method, path }, [], ''), { bodyless: method === 'HEAD' });

type Document = {
  openapi: string;
  paths: Record<string, Record<string, object>>;
  components: { schemas: Record<string, unknown> };
};
const document = async (): Promise<Document> => (await send('GET', '/openapi.json')).json() as Document;

beforeAll(async () => {
  testing.platform = await startPlatform();
});

afterAll(async () => {
  expect(await testing.platform?.stop()).toEqual([]);
});

const described = { ...builderPaths, ...localPaths };
const operations = Object.entries(described).flatMap(([path, methods]) =>
  Object.keys(methods).map((method): [string, string] => [method.toUpperCase(), path]),
);

/** Ids that are well formed and that nothing has. */
const concrete = (path: string): string =>
  path
    .replace('/dead-letters/{id}', `/dead-letters/${'0'.repeat(32)}`)
    .replace('{id}', '0123456789abcdef')
    .replace(/\{\w+\}/g, 'none');

describe('the OpenAPI document', () => {
  it('is of version 3.1 and describes every operation that there is, and nothing else', async () => {
    const { openapi, paths } = await document();
    expect(openapi).toMatch(/^3\.1\.\d+$/);
    const listed = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path]),
    );
    expect(listed.sort()).toEqual(operations.map(([...operation]) => operation).sort());
  });

  it.each(operations)('describes %s %s, which is there', async (method, path) => {
    const response = await send(method, concrete(path));
    if (response.headers['content-type']?.startsWith('application/problem') !== true)
      expect([200, 204]).toContain(response.status);
    else expect(['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED']).not.toContain(response.json().code);
  });

  it.each(operations.filter(([method]) => method === 'GET'))('answers HEAD where it describes %s %s', async (_method, path) => {
    const [head, get] = [await send('HEAD', concrete(path)), await send('GET', concrete(path))];
    expect(head.status).toBe(get.status);
    expect(head.body).toHaveLength(0);
  });

  it('refers to no schema that it does not have', async () => {
    const text = (await send('GET', '/openapi.json')).body.toString();
    const { components } = await document();
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      expect(components.schemas).toHaveProperty([name]);
  });

  it('names every error code', async () => {
    const { components } = await document();
    expect(components.schemas.Problem).toMatchObject({ properties: { code: { enum: Object.keys(errors) } } });
  });

  it('can not be forgotten when a route is added', () => {
    const app = Fastify();
    addDocumentation(app, builderPaths);
    expect(() => app.get('/forgotten', () => '')).toThrow('get /forgotten is not described');
  });
});

describe('the page of the document', () => {
  it('shows every path and runs nothing', async () => {
    const { status, headers, body } = await send('GET', '/docs');
    const page = body.toString();
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: 'text/html; charset=utf-8' });
    expect(headers['content-security-policy']).toContain("default-src 'none'");
    for (const path of Object.keys(described)) expect(page).toContain(`<code>${path}</code>`);
    expect(page).not.toMatch(/<script|\son\w+=|javascript:|\bundefined\b|\[object Object\]/);
  });
});
