import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKubernetesClient } from '../../../../src/adapters/kubernetes/client.ts';
import { apply } from '../../../../src/adapters/kubernetes/apply.ts';
import { configMaps, jobs } from '../../../../src/adapters/kubernetes/builds/objects.ts';
import { create, get, patch, remove, replace } from '../../../../src/adapters/kubernetes/verbs.ts';
import { failure, json, startFakeApi, type FakeApi } from './fake-api.ts';

let api: FakeApi;
beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(() => api.close());

const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'm', namespace: 'n' } };
const at = { namespace: 'n', name: 'm' };

describe('a call to the API server', () => {
  test('says who it is, below the path of the server, and strictly what it sends', async () => {
    api.script = (_asked, response) => json(response, 201, map);
    expect(await create(api.client(), configMaps, 'n', map)).toEqual(map);
    const [asked] = api.asked;
    expect(asked).toMatchObject({ method: 'POST', path: '/below/api/v1/namespaces/n/configmaps', body: JSON.stringify(map) });
    expect(asked?.headers).toMatchObject({ authorization: 'Bearer a-token', 'content-type': 'application/json' });
    expect(asked?.query.get('fieldValidation')).toBe('Strict');
    expect(asked?.query.get('fieldManager')).toBe('knative-lambda');
  });

  test('of a pod carries the token of its service account, also when that has been replaced', async () => {
    api.script = (_asked, response) => json(response, 200, map);
    const folder = await mkdtemp(join(tmpdir(), 'service-account-'));
    await writeFile(join(folder, 'ca.crt'), '');
    const client = createKubernetesClient({ apiServer: api.address, credentialsFolder: folder });
    for (const token of ['first\n', 'second\n']) {
      await writeFile(join(folder, 'token'), token);
      await get(client, configMaps, at);
    }
    client.close();
    await rm(folder, { recursive: true });
    expect(api.asked.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
    expect(api.asked[0]?.path).toBe('/api/v1/namespaces/n/configmaps/m');
  });

  test('that a server in trouble could not take is made again, after the time that it asks for', async () => {
    const begun = Date.now();
    api.script = (_asked, response, count) => {
      if (count === 1) json(response, 429, failure(429, 'TooManyRequests'), { 'retry-after': '1' });
      else if (count === 2) json(response, 503, failure(503, 'ServiceUnavailable'));
      else if (count === 3) response.socket?.destroy();
      else json(response, 200, map);
    };
    expect(await get(api.client(), configMaps, at)).toEqual(map);
    expect(api.asked).toHaveLength(4);
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1_000);
  });

  test('ends with CLUSTER_UNAVAILABLE when the trouble lasts, with the words of the server only for the log', async () => {
    api.script = (_asked, response) =>
      json(response, 500, failure(500, 'InternalError', 'etcd is full of secrets'), { 'retry-after': '7' });
    const failed = get(api.client({ deadlineMs: 1_500 }), configMaps, at);
    await expect(failed).rejects.toMatchObject({ code: 'CLUSTER_UNAVAILABLE', details: { retryAfterSeconds: 7 } });
    const error = await failed.catch((thrown: unknown) => thrown as Error & { details: { cause: Error } });
    expect((error as Error).message).not.toContain('secrets');
    expect((error as { details: { cause: Error } }).details.cause.message).toContain('etcd is full of secrets');
  });

  test('does not wait for ever for a server that is silent', async () => {
    api.script = () => undefined;
    const begun = Date.now();
    await expect(get(api.client({ deadlineMs: 600, tryMs: 150 }), configMaps, at)).rejects.toMatchObject({
      code: 'CLUSTER_UNAVAILABLE',
    });
    expect(Date.now() - begun).toBeLessThan(3_000);
    expect(api.asked.length).toBeGreaterThan(1);
  });

  test('is not made again when a right is missing: an operator has to heal that', async () => {
    api.script = (_asked, response) => json(response, 403, failure(403, 'Forbidden', 'cannot get configmaps'));
    await expect(get(api.client(), configMaps, at)).rejects.toMatchObject({ code: 'CLUSTER_UNAVAILABLE' });
    expect(api.asked).toHaveLength(1);
  });

  test('ends with the reason of its signal', async () => {
    api.script = () => undefined;
    const leave = new AbortController();
    const asking = get(api.client(), configMaps, at, leave.signal);
    setTimeout(() => leave.abort(new Error('enough')), 50);
    await expect(asking).rejects.toThrow('enough');
  });

  test('has outcomes for what may well be so, and an error for what we should not have sent', async () => {
    const answers: [number, string][] = [];
    api.script = (_asked, response) => {
      const [code, reason] = answers.shift() ?? [500, ''];
      json(response, code, failure(code, reason));
    };
    const client = api.client();
    const removal = { propagation: 'Background' } as const;
    const cases: [number, string, () => Promise<unknown>, unknown][] = [
      [404, 'NotFound', () => get(client, configMaps, at), undefined],
      [409, 'AlreadyExists', () => create(client, configMaps, 'n', map), 'exists'],
      [409, 'Conflict', () => replace(client, configMaps, 'n', map), 'conflict'],
      [404, 'NotFound', () => replace(client, configMaps, 'n', map), 'absent'],
      [422, 'Invalid', () => patch(client, jobs, at, []), 'invalid'],
      [404, 'NotFound', () => remove(client, jobs, at, removal), 'absent'],
      [409, 'Conflict', () => remove(client, jobs, at, removal), 'conflict'],
      [409, 'Conflict', () => apply(client, configMaps, 'n', map), { outcome: 'conflict' }],
    ];
    for (const [code, reason, ask, outcome] of cases) {
      answers.push([code, reason]);
      expect(await ask()).toEqual(outcome);
    }
    answers.push([422, 'Invalid'], [400, 'BadRequest']);
    await expect(create(client, configMaps, 'n', map)).rejects.toMatchObject({ code: 'INTERNAL' });
    await expect(apply(client, configMaps, 'n', map)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  test('takes its turn when many are made at once', async () => {
    let now = 0;
    let most = 0;
    api.script = (_asked, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        json(response, 200, map);
      }, 20);
    };
    const client = api.client({ maxInFlight: 3 });
    await Promise.all(Array.from({ length: 20 }, () => get(client, configMaps, at)));
    expect(most).toBe(3);
    expect(api.asked).toHaveLength(20);
  });

  test('tells of every request by kind and status', async () => {
    const told: unknown[] = [];
    api.script = (_asked, response, count) =>
      count === 1 ? response.socket?.destroy() : json(response, 404, failure(404, 'NotFound'));
    await get(api.client({ onRequest: (...request) => told.push(request) }), jobs, at);
    expect(told).toEqual([
      ['GET', 'jobs', 0],
      ['GET', 'jobs', 404],
    ]);
  });
});
