import { describe, expect, test } from '@jest/globals';
import { createLetterLog } from '../../../src/dlq-consumer/letter-log.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import { letterWith } from './letters.ts';

const logTo = async (level: string) => {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, log: createLetterLog(await createLogger({ level, pretty: false, name: 'test' }, { write }), 60_000) };
};

describe('the log of letters', () => {
  test('a storm is a line for each category and outcome, with the number and an example', async () => {
    const { lines, log } = await logTo('info');
    for (let n = 0; n < 1_000; n++) log.tell('parked', letterWith({ id: String(n), category: 'validation' }));
    log.tell('parked', letterWith({ category: 'build_failed' }));
    log.tell('delivered', letterWith({ category: 'validation' }));
    log.tell('delayed', letterWith());
    log.close();
    expect(lines).toMatchObject([
      { msg: 'letters parked', category: 'validation', letters: 1_000, letter_id: '0', event_id: 'event-1', correlation_id: 'c' },
      { msg: 'letters parked', category: 'build_failed', letters: 1 },
      { msg: 'letters delivered', category: 'validation', letters: 1 },
    ]);
  });

  test('at level debug every letter has its own line, at once', async () => {
    const { lines, log } = await logTo('debug');
    log.tell('delayed', letterWith({ id: 'a' }));
    log.tell('parked', letterWith({ id: 'b' }));
    expect(lines).toMatchObject([
      { msg: 'letter delayed', letter_id: 'a' },
      { msg: 'letter parked', letter_id: 'b', reason: 'The subscriber answered 503' },
    ]);
    log.close();
    expect(lines).toHaveLength(2);
  });
});
