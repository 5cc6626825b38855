import { PassThrough } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { readOutput, type FunctionOutput } from '../../../../../src/adapters/local/functions/function-output.ts';
import { createLogger } from '../../../../../src/ops/logger.ts';

type Line = Record<string, unknown>;

let stdout: PassThrough;
let stderr: PassThrough;
let logs: Line[];
let output: FunctionOutput;

beforeEach(async () => {
  stdout = new PassThrough();
  stderr = new PassThrough();
  logs = [];
  const logger = await createLogger(
    { level: 'trace', pretty: false, name: 'test' },
    { write: (line) => void logs.push(JSON.parse(line) as Line) },
  );
  output = readOutput(stdout, stderr, logger.child({ third_party_id: 'acme', parser_id: 'price' }));
});

const said = async (text: string, stream = stdout): Promise<Line[]> => {
  stream.write(text);
  await sleep(5);
  return logs;
};

describe('what a function says', () => {
  test('as a JSON line is logged at its level, with its fields, under the ids of the function', async () => {
    const [line] = await said('{"level":"error","msg":"no price","event_id":"e1","depth":{"of":1}}\n');
    expect(line).toMatchObject({
      level: 'error',
      msg: 'no price',
      event_id: 'e1',
      depth: { of: 1 },
      third_party_id: 'acme',
      parser_id: 'price',
    });
  });

  test('in the name of another function is not believed', async () => {
    stdout.write('{"level":"info","msg":"x","third_party_id":"victim","parser_id":"other","process":"builder","time":"1970"}\n');
    await sleep(5);
    expect(logs[0]).toMatchObject({ third_party_id: 'acme', parser_id: 'price', process: 'test' });
    expect(Object.keys(logs[0] ?? {}).filter((name) => name === 'third_party_id')).toHaveLength(1);
  });

  test('as text is a line of information, on standard error a warning', async () => {
    await said('plain\n{"broken":\n42\n');
    await said('Deprecated!\n', stderr);
    expect(logs.map(({ level, msg }) => [level, msg])).toEqual([
      ['info', 'plain'],
      ['info', '{"broken":'],
      ['info', '42'],
      ['warn', 'Deprecated!'],
    ]);
  });

  test('as fatal is an error: the platform goes on', async () => {
    expect((await said('{"level":"fatal","msg":"gone"}\n'))[0]).toMatchObject({ level: 'error' });
  });

  test('as a secret is redacted like any other', async () => {
    expect((await said('{"level":"info","msg":"x","token":"s3cr3t"}\n'))[0]).toMatchObject({ token: '[redacted]' });
  });

  test('with control characters does not steer a terminal', async () => {
    expect((await said('{"level":"info","msg":"\\u001b[2Jgone"}\n'))[0]).toMatchObject({ msg: 'gone' });
  });

  test('in pieces, and without an end of line, is put together', async () => {
    const bytes = Buffer.from('grüße\nrest');
    stdout.write(bytes.subarray(0, 3));
    await sleep(5);
    stdout.end(bytes.subarray(3));
    await sleep(5);
    expect(logs.map(({ msg }) => msg)).toEqual(['grüße', 'rest']);
  });

  test('without any end is given out in bounded pieces', async () => {
    await said('x'.repeat(100_000));
    expect(logs.length).toBeGreaterThan(5);
    expect(logs.every(({ msg }) => String(msg).length <= 16_384)).toBe(true);
  });

  test('beyond a rate waits until the next second, so that the flood takes no time from others', async () => {
    const line = `${'y'.repeat(1_023)}\n`;
    const writing = (async () => {
      for (let i = 0; i < 3_000; i++) if (!stdout.write(line)) await new Promise((resolve) => stdout.once('drain', resolve));
      stdout.end();
    })();
    await sleep(500);
    const early = logs.length;
    expect(early).toBeLessThan(1_500);
    await writing;
    await sleep(50);
    expect(logs.length).toBe(3_000);
  });
});

describe('the port', () => {
  test('is in the first line that names one', async () => {
    await said(
      'listening on 1\n{"msg":"listening"}\n{"msg":"listening","port":70000}\n{"msg":"listening","port":"80"}\n{"msg":"listening","port":4321}\n{"msg":"listening","port":5}\n',
    );
    expect(await output.listening).toBe(4321);
  });

  test('is not taken from standard error', async () => {
    await said('{"msg":"listening","port":4321}\n', stderr);
    expect(await Promise.race([output.listening, sleep(20, 'none')])).toBe('none');
  });
});

test('the last words are the last twenty lines, of both streams, and not too many characters', async () => {
  await said(Array.from({ length: 30 }, (_, i) => `line ${i}`).join('\n') + '\n');
  await said('Error: broken\n', stderr);
  expect(output.tail().split('\n')).toHaveLength(20);
  expect(output.tail()).toContain('line 29\nError: broken');
  await said(`${'z'.repeat(5_000)}\n`);
  expect(output.tail()).toHaveLength(2_000);
});

test('the last words of a JSON line are its message and its error, not its JSON', async () => {
  await said(
    '{"level":"fatal","msg":"function could not be loaded","error":"SyntaxError: x\\n    at wrapSafe (node:internal/modules:1)\\n    at y.js:1"}\n',
  );
  await said('{"level":"fatal","msg":"configuration is invalid","problems":["PORT must be a port"]}\n');
  expect(output.tail()).toBe(
    'function could not be loaded\nSyntaxError: x\n    at y.js:1\nconfiguration is invalid\nPORT must be a port',
  );
});
