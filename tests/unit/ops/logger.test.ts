import { describe, expect, it } from '@jest/globals';
import { createLogger, secretKeys, type Logger } from '../../../src/ops/logger.ts';
import { runScript } from './script.ts';

const secret = 'hunter2-do-not-show';
const moduleUrl = new URL('../../../src/ops/logger.ts', import.meta.url).href;

const recorded = async (level = 'trace'): Promise<{ logger: Logger; lines: string[] }> => {
  const lines: string[] = [];
  const logger = await createLogger({ level, pretty: false, name: 'test' }, { write: (line) => void lines.push(line) });
  return { logger, lines };
};

/** Where each secret is looked for. */
const redactedPaths = [...secretKeys].flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.headers["${key}"]`]);

/** An object that has the secret at that path: `["a"]`, `*["a"]` or `*.headers["a"]`. */
const objectWith = (path: string): Record<string, unknown> => {
  const key = /\["(.*)"\]$/.exec(path)?.[1] ?? '';
  const outer =
    path
      .split('[')[0]
      ?.split('.')
      .filter(Boolean)
      .map((name) => (name === '*' ? 'anything' : name)) ?? [];
  return outer.reduceRight<Record<string, unknown>>((inner, name) => ({ [name]: inner }), { [key]: secret });
};

describe('a secret', () => {
  it('has its paths tried one by one here, so none of them is tested by its name alone', () => {
    expect(redactedPaths.length).toBeGreaterThan(20);
    for (const path of redactedPaths) expect(JSON.stringify(objectWith(path))).toContain(secret);
  });

  it.each(redactedPaths)('at %s does not get into a line, whichever way it is logged', async (path) => {
    const { logger, lines } = await recorded();
    logger.info(objectWith(path), 'message');
    logger.child(objectWith(path)).warn('message of a child');
    logger.child({ bound: true }).error(objectWith(path), 'message of a child');
    expect(lines).toHaveLength(3);
    expect(lines.join('')).not.toContain(secret);
    for (const line of lines) expect(line).toContain('[redacted]');
  });

  it.each([
    'authorization',
    'cookie',
    'set-cookie',
    'password',
    'token',
    'secret',
    'SCHEDULER_SIGNING_KEY',
    'secretAccessKey',
    'sessionToken',
  ])('named %s is one of them, at the top, one level down, and among headers', async (key) => {
    const { logger, lines } = await recorded();
    logger.info({ [key]: secret, one: { [key]: secret }, request: { headers: { [key]: secret } } }, 'message');
    expect(lines.join('')).not.toContain(secret);
  });

  it('in the headers that an error carries does not get into a line', async () => {
    const { logger, lines } = await recorded();
    const error = Object.assign(new Error('upstream'), { headers: { authorization: secret }, password: secret });
    logger.error({ err: error }, 'failed');
    expect(lines.join('')).toContain('upstream');
    expect(lines.join('')).not.toContain(secret);
  });

  it('is still there in the object that was logged, because its owner goes on using it', async () => {
    const { logger } = await recorded();
    const request = { headers: { authorization: secret }, token: secret };
    logger.info({ request, token: secret }, 'message');
    expect(request).toEqual({ headers: { authorization: secret }, token: secret });
  });

  it('does not get onto a terminal either', async () => {
    const script = `
      import { createLogger } from ${JSON.stringify(moduleUrl)};
      const logger = await createLogger({ level: 'info', pretty: true, name: 'test' });
      logger.info({ password: '${secret}', request: { headers: { authorization: '${secret}' } }, note: 'shown' }, 'message');`;
    const { output, code } = await runScript(script);
    expect(code).toBe(0);
    expect(output).toContain('message');
    expect(output).toContain('shown');
    expect(output).not.toContain(secret);
    expect(() => JSON.parse(output) as unknown).toThrow();
  });
});

describe('a line', () => {
  it('is one JSON object with time, level by name, message and the process', async () => {
    const { logger, lines } = await recorded();
    logger.warn({ build_id: 'x' }, 'two\nlines');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{[^\n]*\}\n$/);
    const { time, ...rest } = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
    expect(rest).toEqual({ level: 'warn', process: 'test', build_id: 'x', msg: 'two\nlines' });
    expect(new Date(String(time)).toISOString()).toBe(time);
  });

  it('is not written below the level that was asked for', async () => {
    const { logger, lines } = await recorded('warn');
    logger.info('quiet');
    logger.error('loud');
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['in a turn of the event loop before it is killed', "logger.info({ i: 999 }, 'line'); await new Promise(setImmediate);"],
    ['in its last turn with a warning', "logger.warn({ i: 999 }, 'line');"],
  ])('that a process logged %s is there after it', async (_, last) => {
    const script = `
      import { createLogger } from ${JSON.stringify(moduleUrl)};
      const logger = await createLogger({ level: 'info', pretty: false, name: 'test' });
      for (let i = 0; i < 999; i++) logger.info({ i }, 'line');
      ${last}
      process.kill(process.pid, 'SIGKILL');`;
    const { output, signal } = await runScript(script);
    expect(signal).toBe('SIGKILL');
    const numbers = output
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { i: number }).i);
    expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
