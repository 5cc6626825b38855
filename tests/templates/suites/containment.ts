import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { asked, binary } from '../cases/case.ts';
import { send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';
import { withFunction } from './running.ts';

const shortly = { TIMEOUT_SECONDS: '0.5' };

export function describeContainment(subject: Subject): void {
  describe('keeps one bad event from the others', () => {
    test('answers 504 at the timeout, fires the signal, and goes on', async () => {
      await withFunction(subject, shortly, async (running) => {
        const began = performance.now();
        const hanging = send(running.port, asked({ do: 'hang' }));
        const other = await send(running.port, binary({}));
        const response = await hanging;
        expect(other.status).toBe(200);
        expect(performance.now() - began).toBeGreaterThan(450);
        expect(performance.now() - began).toBeLessThan(3_000);
        expect(response.status).toBe(504);
        expect(response.json()).toMatchObject({
          code: 'FUNCTION_TIMEOUT',
          retryable: true,
          detail: 'the function did not answer within 0.5 seconds',
        });
        expect(await running.line(({ msg }) => msg === 'signal fired')).toMatchObject({ event_id: 'event-1' });
        expect((await send(running.port, binary({}))).status).toBe(200);
      });
    });

    test('answers 504 to a function that ends at its signal, too, and keeps none of them', async () => {
      await withFunction(subject, { TIMEOUT_SECONDS: '0.1' }, async (running) => {
        for (let round = 0; round < 4; round += 1) {
          const events = Array.from({ length: 25 }, () => send(running.port, asked({ do: 'wait for the signal' })));
          const statuses = (await Promise.all(events)).map(({ status }) => status);
          expect(new Set(statuses)).toEqual(new Set([504]));
        }
        expect((await send(running.port, { method: 'GET', path: '/readyz' })).status).toBe(200);
      });
    });

    test('ignores what a function returns after its timeout', async () => {
      await withFunction(subject, shortly, async (running) => {
        expect((await send(running.port, asked({ do: 'sleep', ms: 700 }))).status).toBe(504);
        await sleep(400);
        expect((await send(running.port, binary({}))).status).toBe(200);
      });
    });

    test(`a function that never gives way ${subject.language.block}`, async () => {
      await withFunction(subject, shortly, async (running) => {
        await send(running.port, binary({}));
        const blocked = send(running.port, asked({ do: 'block' })).then(
          ({ status }) => status,
          () => 'no answer',
        );
        if (subject.language.block === 'is contained') {
          expect(await blocked).toBe(504);
          expect((await send(running.port, binary({}))).status).toBe(200);
          return;
        }
        expect((await running.ended).code).not.toBe(0);
        expect([504, 'no answer']).toContain(await blocked);
        expect(running.lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'function blocks the process' });
      });
    }, 20_000);

    test(`a failure after the reply ${subject.language.laterFailure}`, async () => {
      await withFunction(subject, {}, async (running) => {
        expect((await send(running.port, asked({ do: 'fail later', message: 'too late' }))).json()).toEqual({ ok: true });
        if (subject.language.laterFailure === 'is contained') {
          const line = await running.line(({ msg }) => msg === 'function failed in the background');
          expect(line).toMatchObject({ level: 'error', error: expect.stringContaining('too late') });
          expect((await send(running.port, binary({}))).status).toBe(200);
          return;
        }
        expect((await running.ended).code).not.toBe(0);
        expect(running.raw.join('\n')).toContain('too late');
      });
    });

    test('a function that ends the process ends with its own code', async () => {
      await withFunction(subject, {}, async (running) => {
        await expect(send(running.port, asked({ do: 'exit', code: 7 }))).rejects.toThrow();
        expect(await running.ended).toEqual({ code: 7, signal: null });
      });
    });

    test('a client that goes away in the middle costs nothing', async () => {
      await withFunction(subject, {}, async (running) => {
        const { connect } = await import('node:net');
        for (let row = 0; row < 20; row += 1) {
          const socket = connect(running.port, '127.0.0.1');
          socket.on('error', () => undefined);
          socket.write(`POST / HTTP/1.1\r\nHost: a\r\nce-id: ${row}\r\nContent-Length: 1000\r\n\r\n{"half":`);
          await sleep(5);
          socket.destroy();
        }
        const gone = connect(running.port, '127.0.0.1');
        const body = '{"do":"sleep","ms":100}';
        const head =
          'POST / HTTP/1.1\r\nHost: a\r\nce-specversion: 1.0\r\nce-id: 1\r\nce-source: a\r\nce-type: b\r\ncontent-type: application/json\r\n';
        gone.write(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
        await sleep(30);
        gone.destroy();
        await sleep(150);
        expect((await send(running.port, binary({}))).status).toBe(200);
      });
    });
  });
}
