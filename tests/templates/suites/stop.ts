import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { asked } from '../cases/case.ts';
import { openConnection, send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';
import { withFunction } from './running.ts';

export function describeStop(subject: Subject): void {
  describe('stops when it is told to', () => {
    test.each(['SIGTERM', 'SIGINT'] as const)('ends at once, with 0, at %s when nothing is in hand', async (name) => {
      await withFunction(subject, {}, async (running) => {
        const idle = await openConnection(running.port);
        await idle.send({ method: 'GET', path: '/readyz' });
        const began = performance.now();
        running.signal(name);
        expect(await running.ended).toEqual({ code: 0, signal: null });
        expect(performance.now() - began).toBeLessThan(2_000);
        await idle.closed;
        expect(running.lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
      });
    });

    test('finishes what is in hand, is not ready meanwhile, and takes nothing new', async () => {
      await withFunction(subject, {}, async (running) => {
        const probes = await openConnection(running.port);
        await probes.send({ method: 'GET', path: '/readyz' });
        const inHand = send(running.port, asked({ do: 'sleep', ms: 800 }));
        await sleep(150);
        running.signal('SIGTERM');
        await running.line(({ msg }) => msg === 'stopping');
        running.signal('SIGTERM'); // a terminal and a supervisor may both say it; neither cuts the work short
        const ready = await probes.send({ method: 'GET', path: '/readyz' });
        expect(ready.status).toBe(503);
        expect(ready.json()).toEqual({ status: 'stopping' });
        const late = await send(running.port, asked({ do: 'return', value: 1 }));
        expect(late.status).toBe(503);
        expect(late.json()).toMatchObject({ code: 'STOPPING', retryable: true });
        expect(late.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^\d+$/), connection: 'close' });
        expect((await inHand).json()).toEqual({ slept: 800 });
        expect(await running.ended).toEqual({ code: 0, signal: null });
        probes.close();
      });
    });

    test('ends with 0 under load, and tells what still comes to come again', async () => {
      await withFunction(subject, {}, async (running) => {
        const refusals: number[] = [];
        const sender = async (): Promise<void> => {
          for (;;) {
            const status = await send(running.port, asked({ do: 'return', value: 1 })).then(
              (response) => response.status,
              () => 0,
            );
            if (status === 0) return; // it is gone
            if (status !== 200) refusals.push(status);
          }
        };
        const senders = Array.from({ length: 30 }, sender);
        const inHand = send(running.port, asked({ do: 'sleep', ms: 600 }));
        await sleep(200);
        running.signal('SIGTERM');
        expect((await inHand).json()).toEqual({ slept: 600 });
        expect(await running.ended).toEqual({ code: 0, signal: null });
        await Promise.all(senders);
        expect(new Set(refusals)).toEqual(new Set([503]));
        expect(running.lines.at(-1)).toMatchObject({ level: 'info', msg: 'stopped' });
      });
    });

    test('gives up after DRAIN_SECONDS, and says what it left', async () => {
      await withFunction(subject, { DRAIN_SECONDS: '0.3' }, async (running) => {
        const inHand = send(running.port, asked({ do: 'hang' })).then(
          () => 'answered',
          () => 'cut',
        );
        await sleep(150);
        const began = performance.now();
        running.signal('SIGTERM');
        expect((await running.ended).code).toBe(1);
        expect(performance.now() - began).toBeLessThan(3_000);
        expect(await inHand).toBe('cut');
        expect(running.lines.at(-1)).toMatchObject({ level: 'error', msg: 'stopped with work in hand', in_flight: 1 });
      });
    });
  });
}
