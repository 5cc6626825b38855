import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { asked, askedEvent, batch } from '../cases/case.ts';
import { functionName } from '../harness/function-process.ts';
import { send } from '../harness/raw-http.ts';
import { startScheduler, type Scheduler } from '../harness/scheduler.ts';
import { startFunction, type FunctionProcess } from '../harness/function-process.ts';
import type { Subject } from '../describe-template.ts';
import { withFunction } from './running.ts';

const signingKey = 'a key of the scheduler';

export function describeCallback(subject: Subject): void {
  describe('tells the scheduler of every execution', () => {
    let scheduler: Scheduler;
    let running: FunctionProcess;
    beforeAll(async () => {
      scheduler = await startScheduler();
      const url = `${scheduler.url.replace('//', '//us%65r:p%40ss:word@')}/`;
      const environment = { SCHEDULER_URL: url, SCHEDULER_SIGNING_KEY: signingKey, TIMEOUT_SECONDS: '0.5' };
      running = await startFunction(subject.language.name, subject.root(), { environment });
    }, 30_000);
    afterAll(async () => {
      await running.stop();
      await scheduler.close();
    });
    beforeEach(() => {
      scheduler.told.length = 0;
      scheduler.answers.length = 0;
    });
    const bodies = (): unknown[] => scheduler.told.map(({ body }) => JSON.parse(body) as unknown);

    test.each([
      ['a list as the entries', { do: 'return', value: [1, { a: 2 }] }, [1, { a: 2 }]],
      ['the entries of an object that names them', { do: 'return', value: { eventEntries: ['x'], other: 1 } }, ['x']],
      ['any other value as the only entry', { do: 'return', value: { a: 1 } }, [{ a: 1 }]],
      ['nothing as no entries', { do: 'return nothing' }, []],
    ])('sends %s', async (_title, task, eventEntries) => {
      const response = await send(running.port, asked({ ...task, contextId: 'ctx-1' }));
      expect([200, 204]).toContain(response.status);
      expect(bodies()).toEqual([{ contextId: 'ctx-1', succeeded: true, eventEntries }]);
    });

    test('signs what it sends and names the function and the event', async () => {
      await send(running.port, asked({ do: 'return', value: 'ü' }));
      const [told] = scheduler.told;
      expect(told).toMatchObject({ method: 'POST', path: '/fusion/execution/response' });
      expect(told?.headers).toMatchObject({
        'content-type': 'application/json',
        authorization: `Basic ${Buffer.from('user:p@ss:word').toString('base64')}`,
        'user-agent': `knative-lambda-handler/${functionName}`,
        'idempotency-key': createHash('sha256').update('network.notifi.acme-corp\0event-1').digest('hex'),
        'x-notifi-signature': `sha256=${createHmac('sha256', signingKey)
          .update(told?.body ?? '')
          .digest('hex')}`,
      });
    });

    test.each([
      ['a failure', { do: 'throw', message: 'm'.repeat(600) }, 500, 'm'.repeat(512)],
      ['a permanent failure', { do: 'throw permanent', message: 'never' }, 200, 'never'],
      ['a timeout', { do: 'sleep', ms: 5_000 }, 504, 'the function did not answer within 0.5 seconds'],
      ['a result that JSON cannot say', { do: 'return unserializable' }, 500, expect.any(String)],
    ])('sends %s', async (_title, task, status, errorMessage) => {
      expect((await send(running.port, asked({ ...task, contextId: 'ctx-2' }))).status).toBe(status);
      expect(bodies()).toEqual([{ contextId: 'ctx-2', succeeded: false, errorMessage }]);
    });

    test('tries again when the scheduler cannot answer, with the same key', async () => {
      scheduler.answers.push(500, 503);
      expect((await send(running.port, asked({ do: 'return', value: 1 }))).status).toBe(200);
      expect(scheduler.told).toHaveLength(3);
      expect(new Set(scheduler.told.map(({ headers }) => headers['idempotency-key'])).size).toBe(1);
    });

    test('answers 503, so that the broker brings the event again, when it cannot be delivered in five tries', async () => {
      scheduler.answers.push(500, 429, 502, 500, 500, 200);
      const response = await send(running.port, asked({ do: 'return', value: 1 }));
      expect(response.status).toBe(503);
      expect(response.json()).toMatchObject({ code: 'CALLBACK_UNDELIVERED', retryable: true, status: 503 });
      expect(response.headers['retry-after']).toMatch(/^\d+$/);
      expect(scheduler.told).toHaveLength(5);
    }, 20_000);

    test('does not repeat what the scheduler refuses, but does not acknowledge the event either', async () => {
      scheduler.answers.push(422);
      expect((await send(running.port, asked({ do: 'throw permanent', message: 'no' }))).status).toBe(503);
      expect(scheduler.told).toHaveLength(1);
    });

    test('tells of every event of a batch', async () => {
      const events = [askedEvent('a', { do: 'return', value: 1 }), askedEvent('b', { do: 'throw permanent', message: 'no' })];
      expect((await send(running.port, batch(events))).status).toBe(200);
      expect(bodies()).toEqual(
        expect.arrayContaining([
          { contextId: 'a', succeeded: true, eventEntries: [1] },
          { contextId: 'b', succeeded: false, errorMessage: 'no' },
        ]),
      );
    });

    test('answers 503 when the scheduler has no address that could be asked', async () => {
      await withFunction(subject, { SCHEDULER_URL: 'http://a..b' }, async (lost) => {
        const events = [1, 2].map((value) => send(lost.port, asked({ do: 'return', value })));
        expect((await Promise.all(events)).map(({ status }) => status)).toEqual([503, 503]);
      });
    }, 30_000);

    test('gives a silent scheduler 5 seconds, then tries again', async () => {
      scheduler.answers.push('hang');
      const began = performance.now();
      expect((await send(running.port, asked({ do: 'return', value: 1 }))).status).toBe(200);
      expect(performance.now() - began).toBeGreaterThan(4_900);
      expect(scheduler.told).toHaveLength(2);
    }, 20_000);
  });
}
