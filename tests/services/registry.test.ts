// The question whether an image is there, to a real registry.
import { expect, it } from '@jest/globals';
import { createRegistry } from '../../src/adapters/registry/registry.ts';
import { imageName } from '../../src/core/function.ts';
import { findRegistry } from './support/registry.ts';
import { describeWith } from './support/service.ts';

describeWith(await findRegistry(), 'an image in the registry', ({ host, push }) => {
  const registry = createRegistry({ plainHttp: true });
  const ref = { tenant: 'acme', function: `feed-${Date.now()}` };
  const name = imageName(host, 'test/functions', ref, 'f'.repeat(64));
  const tag = name.slice(name.lastIndexOf(':') + 1);

  it('is found by its name once it is pushed, with the digest that it is deployed by', async () => {
    expect(await registry.findImage(name)).toBeUndefined();
    const digest = await push('test/functions', tag);
    expect(await registry.findImage(name)).toBe(digest);
    expect(await registry.findImage(`${host}/test/functions@${digest}`)).toBe(digest);
  });

  it('is the last one pushed under the name', async () => {
    await push('test/functions', tag, { revision: 'first' });
    const second = await push('test/functions', tag, { revision: 'second' });
    expect(await registry.findImage(name)).toBe(second);
  });

  it('is not there in a repository that nobody has pushed to', async () => {
    expect(await registry.findImage(`${host}/test/nothing:tag`)).toBeUndefined();
  });
});
