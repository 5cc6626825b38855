import { describe, expect, it } from '@jest/globals';
import Fastify from 'fastify';
import { createGathering } from '../../../src/ops/gather-requests.ts';

describe('requests of one turn', () => {
  it('go on together, in their order, once all of them are there', async () => {
    const app = Fastify();
    const preHandler = createGathering();
    const steps: string[] = [];
    app.get<{ Params: { name: string } }>('/:name', { preHandler }, ({ params: { name } }) => {
      steps.push(`${name} goes on`);
      return name;
    });
    app.addHook('onRequest', ({ url }, _reply, next) => {
      steps.push(`${url.slice(1)} is there`);
      next();
    });
    await app.ready();
    const ask = (url: string): Promise<unknown> => app.inject({ url });
    // Each in a tick of its own: without gathering, each would be answered before the next one is there.
    const answers = ['/a', '/b', '/c'].map((url) => new Promise((resolve) => process.nextTick(() => resolve(ask(url)))));
    await Promise.all(answers);
    expect(steps).toEqual(['a is there', 'b is there', 'c is there', 'a goes on', 'b goes on', 'c goes on']);
  });

  it('that come later wait for nobody but their own turn', async () => {
    const app = Fastify();
    app.get('/', { preHandler: createGathering() }, () => 'answered');
    for (let request = 0; request < 3; request++) expect((await app.inject('/')).body).toBe('answered');
  });

  it('do not hold each other up when one of them fails', async () => {
    const app = Fastify();
    app.get<{ Querystring: { fail?: string } }>('/', { preHandler: createGathering() }, ({ query: { fail } }) => {
      if (fail !== undefined) throw new Error(fail);
      return 'answered';
    });
    await app.ready();
    const answers = await Promise.all(['/?fail=yes', '/', '/?fail=yes', '/'].map((url) => app.inject({ url })));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([500, 200, 500, 200]);
  });
});
