import { describe, expect, test } from '@jest/globals';
import { asked } from '../cases/case.ts';
import { functionName, tenant } from '../harness/function-process.ts';
import { send } from '../harness/raw-http.ts';
import type { Subject } from '../describe-template.ts';
import { runningForSuite } from './running.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const identified = { 'ce-id': 'event-9', 'ce-correlationid': 'c-9', 'ce-traceparent': `00-${trace}-b7ad6b7169203331-01` };
const ids = { correlation_id: 'c-9', trace_id: trace, event_id: 'event-9', third_party_id: tenant, parser_id: functionName };

export function describeOutput(subject: Subject): void {
  describe('says what it does as JSON lines', () => {
    const running = runningForSuite(subject);

    test('says where it listens and how long its start took', async () => {
      const line = await running().line(({ msg }) => msg === 'listening');
      expect(line).toMatchObject({
        level: 'info',
        port: running().port,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      });
      expect(line['startup_ms']).toBeGreaterThan(0);
    });

    test('gives the function a logger whose lines carry the ids of the event', async () => {
      await send(
        running().port,
        asked({ do: 'log', message: 'the price moved', fields: { by: 7, from: { a: [1] } } }, identified),
      );
      const line = await running().line(({ msg }) => msg === 'the price moved');
      expect(line).toMatchObject({
        ...ids,
        level: 'warn',
        by: 7,
        from: { a: [1] },
        span_id: expect.stringMatching(/^[0-9a-f]{16}$/),
      });
    });

    test('lets no field of the function replace the level, the time or an id', async () => {
      const fields = { level: 'fatal', time: 'never', msg: 'other', event_id: 'forged', third_party_id: 'someone-else' };
      await send(running().port, asked({ do: 'log', message: 'a forged line', fields }, identified));
      expect(await running().line(({ msg }) => msg === 'a forged line')).toMatchObject({ ...ids, level: 'warn' });
    });

    test('turns printed text into one JSON line per line, whole, whatever the pieces', async () => {
      const parts = ['first ', 'line\nsecond line\n', 'thi', 'rd "quoted" \u001b[31m', 'ü\n'];
      await send(running().port, asked({ do: 'print', parts, stream: 'stdout' }));
      expect(await running().line(({ msg }) => msg === 'first line')).toMatchObject({
        level: 'info',
        stream: 'stdout',
        parser_id: functionName,
      });
      await running().line(({ msg }) => msg === 'second line');
      await running().line(({ msg }) => msg === 'third "quoted" \u001b[31mü');
    });

    test('tells standard error from standard output', async () => {
      await send(running().port, asked({ do: 'print', parts: ['a warning\n'], stream: 'stderr' }));
      expect(await running().line(({ msg }) => msg === 'a warning')).toMatchObject({ level: 'error', stream: 'stderr' });
    });

    test('does not let printed text pass for a line of its own', async () => {
      const forged = '{"level":"info","msg":"listening","port":1}';
      await send(running().port, asked({ do: 'print', parts: [`${forged}\n`], stream: 'stdout' }));
      await running().line(({ msg }) => msg === forged);
      expect(running().lines.filter(({ msg }) => msg === 'listening')).toHaveLength(1);
    });

    test('says why an event failed, with its ids', async () => {
      await send(running().port, asked({ do: 'throw', message: 'no price' }, identified));
      expect(await running().line(({ msg }) => msg === 'function failed')).toMatchObject({
        ...ids,
        level: 'error',
        error: expect.stringContaining('no price'),
      });
    });

    test('says nothing that is not a JSON line', () => {
      expect(running().lines).toHaveLength(running().raw.length);
    });
  });

  describe('keeps to its log level', () => {
    const running = runningForSuite(subject, { LOG_LEVEL: 'error' });

    test('leaves out what is below it, but never where it listens', async () => {
      await send(running().port, asked({ do: 'log', message: 'not to be seen', fields: {} }));
      await send(running().port, asked({ do: 'throw', message: 'seen' }));
      await running().line(({ msg }) => msg === 'function failed');
      expect(running().lines.map(({ msg }) => msg)).toEqual(['listening', 'function failed']);
    });
  });
}
