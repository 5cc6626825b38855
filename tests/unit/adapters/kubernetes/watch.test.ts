import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { configMaps, type ConfigMap } from '../../../../src/adapters/kubernetes/builds/objects.ts';
import { listAll, listPages } from '../../../../src/adapters/kubernetes/list.ts';
import { watch, type Change } from '../../../../src/adapters/kubernetes/watch.ts';
import { failure, json, startFakeApi, type FakeApi } from './fake-api.ts';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(() => api.close());

const named = (name: string, resourceVersion: string): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, resourceVersion },
});
const list = (resourceVersion: string, next: string | undefined, ...names: string[]) => ({
  kind: 'ConfigMapList',
  metadata: { resourceVersion, ...(next === undefined ? {} : { continue: next }) },
  items: names.map((name) => ({ metadata: { name, resourceVersion } })),
});
const line = (response: ServerResponse, type: string, object: unknown): void =>
  void response.write(`${JSON.stringify({ type, object })}\n`);

/** Short words for what was told. */
const words = (change: Change<ConfigMap>): string =>
  change.type === 'listed'
    ? `listed ${change.objects.map(({ metadata }) => metadata.name).join(',')}`
    : `${change.type} ${change.object.metadata.name}`;

const follow = async (count: number): Promise<string[]> => {
  const told: string[] = [];
  const leave = new AbortController();
  for await (const change of watch(api.client(), configMaps, { namespace: 'n', labelSelector: 'a=b', signal: leave.signal })) {
    told.push(words(change));
    if (told.length === count) leave.abort();
  }
  return told;
};

describe('a list', () => {
  test('comes in pages, and its items say what they are', async () => {
    api.script = (asked, response) =>
      json(response, 200, asked.query.get('continue') === null ? list('7', 'more', 'a', 'b') : list('7', '', 'c'));
    const { items, resourceVersion } = await listAll(api.client(), configMaps, {
      namespace: 'n',
      pageSize: 2,
      labelSelector: 'a=b',
    });
    expect(items.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['ConfigMap a', 'ConfigMap b', 'ConfigMap c']);
    expect(resourceVersion).toBe('7');
    expect(api.asked.map(({ query }) => [query.get('limit'), query.get('continue'), query.get('labelSelector')])).toEqual([
      ['2', null, 'a=b'],
      ['2', 'more', 'a=b'],
    ]);
  });

  test('goes on with newer content when the moment of its first page is forgotten', async () => {
    api.script = (asked, response) => {
      const next = asked.query.get('continue');
      if (next === null) json(response, 200, list('7', 'old', 'a'));
      else if (next === 'old') json(response, 410, { ...failure(410, 'Expired'), metadata: { continue: 'new' } });
      else json(response, 200, list('9', undefined, 'b'));
    };
    const names: string[] = [];
    for await (const { items } of listPages(api.client(), configMaps, { namespace: 'n' }))
      names.push(...items.map(({ metadata }) => metadata.name));
    expect(names).toEqual(['a', 'b']);
  });
});

describe('a watch', () => {
  test('begins with what is there, and goes on from the last version it has seen when it is cut off', async () => {
    const versions: (string | null)[] = [];
    api.script = (asked, response, count) => {
      if (asked.query.get('watch') === null) json(response, 200, list('5', undefined, 'a'));
      else {
        versions.push(asked.query.get('resourceVersion'));
        response.writeHead(200);
        if (count === 2) {
          line(response, 'MODIFIED', named('a', '6'));
          line(response, 'BOOKMARK', { metadata: { resourceVersion: '8' } });
          setTimeout(() => response.socket?.destroy(), 20);
        } else line(response, 'DELETED', named('a', '9'));
      }
    };
    expect(await follow(3)).toEqual(['listed a', 'changed a', 'deleted a']);
    expect(versions).toEqual(['5', '8']);
  });

  test.each(['as an answer', 'as an event'])('lists again when its version is forgotten, which it is told %s', async (how) => {
    api.script = (asked, response, count) => {
      if (asked.query.get('watch') === null) json(response, 200, list(String(count), undefined, count === 1 ? 'a' : 'b'));
      else if (count > 2) {
        response.writeHead(200);
        line(response, 'ADDED', named('c', '99'));
      } else if (how === 'as an answer') json(response, 410, failure(410, 'Expired'));
      else response.end(`${JSON.stringify({ type: 'ERROR', object: failure(410, 'Expired') })}\n`);
    };
    expect(await follow(3)).toEqual(['listed a', 'listed b', 'changed c']);
  });

  test('survives a server that refuses connections for a while, and says so', async () => {
    const failures: unknown[] = [];
    api.script = (asked, response, count) => {
      if (count > 1 && count < 4) response.socket?.destroy();
      else if (asked.query.get('watch') === null) json(response, 200, list('1', undefined));
      else {
        response.writeHead(200);
        line(response, 'ADDED', named('a', '2'));
      }
    };
    const leave = new AbortController();
    const told: string[] = [];
    const options = { namespace: 'n', signal: leave.signal, failed: (thrown: unknown) => failures.push(thrown) };
    for await (const change of watch(api.client(), configMaps, options)) {
      told.push(words(change));
      if (told.length === 2) leave.abort();
    }
    expect(told).toEqual(['listed ', 'changed a']);
    expect(failures).toHaveLength(2);
  });

  test('ends with its signal while nothing happens, and leaves no connection behind', async () => {
    api.script = (asked, response) => {
      if (asked.query.get('watch') === null) json(response, 200, list('1', undefined));
      else response.writeHead(200).flushHeaders();
    };
    const leave = new AbortController();
    setTimeout(() => leave.abort(), 100);
    const told: string[] = [];
    for await (const change of watch(api.client(), configMaps, { namespace: 'n', signal: leave.signal }))
      told.push(words(change));
    expect(told).toEqual(['listed ']);
  });
});
