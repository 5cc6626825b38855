import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { labelsOf, specAnnotations } from '../../../../src/adapters/kubernetes/functions/function-labels.ts';
import { listFunctions } from '../../../../src/adapters/kubernetes/functions/list-functions.ts';
import { json, startFakeApi, type FakeApi } from './fake-api.ts';

const ready = { observedGeneration: 1, conditions: [{ type: 'Ready', status: 'True' }] };

const metadataOf = (index: number) => {
  const ref = { tenant: 'tenant', function: `f${index}` };
  const name = `fn-${String(index).padStart(4, '0')}`;
  const spec = {
    ref,
    name,
    image: 'registry.local/functions:tag',
    imageDigest: `sha256:${'c'.repeat(64)}`,
    runtime: 'nodejs24' as const,
    buildId: '0123456789abcdef',
    requestedAt: 1,
  };
  const annotations = specAnnotations(spec, { createdAt: 1, appliedAt: 1 });
  return { name, namespace: 'functions', generation: 1, labels: labelsOf(ref), annotations };
};

const count = 600;
const unready = 7;

const services = Array.from({ length: count }, (_, index) => ({
  metadata: metadataOf(index),
  status: { ...ready, latestReadyRevisionName: `fn-${index}-00001` },
}));
const triggers = services.map(({ metadata }, index) => ({ metadata, ...(index === unready ? {} : { status: ready }) }));

describe('a list of functions', () => {
  let api: FakeApi;
  beforeEach(async () => {
    api = await startFakeApi();
    api.script = ({ path, query }, response) => {
      const kind = path.split('/').at(-1);
      const one = path.includes('/revisions/')
        ? { metadata: {}, status: { actualReplicas: 3 } }
        : triggers.find(({ metadata }) => metadata.name === kind);
      const all = kind === 'services' ? services : kind === 'triggers' ? triggers : [];
      const begin = Number(query.get('continue') ?? 0);
      const end = begin + Number(query.get('limit'));
      const metadata = { resourceVersion: '1', ...(end < all.length ? { continue: String(end) } : {}) };
      json(response, 200, one ?? { items: all.slice(begin, end), metadata });
    };
  });
  afterEach(() => api.close());

  it('asks for a page of objects at a time, not for each function, when it goes through all of them', async () => {
    const { items, cursor } = await listFunctions(api.client(), 'functions', {}, { limit: 10_000 });
    expect(items).toHaveLength(count);
    expect(items.filter(({ state }) => state !== 'ready').map(({ ref }) => ref.function)).toEqual([`f${unready}`]);
    expect(cursor).toBeUndefined();
    expect(api.asked).toHaveLength(6);
    expect(api.asked.every(({ query }) => query.get('labelSelector')?.includes('component=function'))).toBe(true);
  });

  it('counts the replicas of a page that somebody looks at, and reads no more triggers than it shows', async () => {
    const { items, cursor } = await listFunctions(api.client(), 'functions', {}, { limit: 10 });
    expect(items.map(({ state }) => state).filter((state) => state !== 'ready')).toEqual(['deploying']);
    expect(items.every(({ replicas }) => replicas === 3)).toBe(true);
    expect(cursor).toBe('fn-0009');
    expect(api.asked.filter(({ path }) => path.endsWith('/triggers'))).toHaveLength(1);
  });
});
