import { describe, expect, test } from '@jest/globals';
import {
  delaysOf,
  destinationsOf,
  dlqSettings,
  mistakeIn,
  replyBrokerOf,
  rulesOf,
  sourcesOf,
  type DlqConfig,
} from '../../../src/dlq-consumer/config.ts';
import { defaultRules } from '../../../src/core/dead-letter.ts';
import { readConfig } from '../../../src/ops/config.ts';

const configWith = (environment: Record<string, string> = {}): DlqConfig =>
  readConfig(dlqSettings, { AMQP_URL: 'amqp://127.0.0.1', BROKER_URL: 'http://broker', ...environment });

describe('the configuration of the dead letters', () => {
  test.each(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'localhost.example.com'])(
    'refuses to listen on %s without a token: whoever reaches it could read every letter',
    (HOST) => {
      expect(mistakeIn(configWith({ HOST }))).toMatch(/^DLQ_TOKEN is required/);
      expect(mistakeIn(configWith({ HOST, DLQ_TOKEN: 'x'.repeat(16) }))).toBeUndefined();
    },
  );

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('listens on %s without one', (HOST) => {
    expect(mistakeIn(configWith({ HOST }))).toBeUndefined();
  });

  test('refuses two archives: nobody would know where a letter is', () => {
    expect(mistakeIn(configWith({ ARCHIVE_DIR: 'a', ARCHIVE_BUCKET: 'bucket' }))).toMatch(
      /^Either ARCHIVE_DIR or ARCHIVE_BUCKET/,
    );
    expect(mistakeIn(configWith({ ARCHIVE_BUCKET: 'bucket' }))).toBeUndefined();
  });

  test('refuses a stream that forgets letters before cleanup takes them', () => {
    expect(mistakeIn(configWith({ DLQ_PARKED_MAX_AGE_DAYS: '7' }))).toMatch(/^DLQ_PARKED_MAX_AGE_DAYS must be more/);
    expect(mistakeIn(configWith({ DLQ_PARKED_MAX_AGE_DAYS: '8' }))).toBeUndefined();
    expect(mistakeIn(configWith({ DLQ_RETENTION_DAYS: '30' }))).toMatch(/DLQ_RETENTION_DAYS$/);
  });

  test('replies go to the one broker that there is, unless another is named', () => {
    expect(replyBrokerOf(configWith()).href).toBe('http://broker/');
    expect(replyBrokerOf(configWith({ REPLY_BROKER_URL: 'http://functions' })).href).toBe('http://functions/');
    expect(destinationsOf(configWith({ REPLY_BROKER_URL: 'http://functions' })).broker.href).toBe('http://broker/');
    expect(() => configWith({ REPLY_BROKER_URL: 'functions' })).toThrow(/REPLY_BROKER_URL/);
  });

  test('a token that could be guessed is refused by its name', () => {
    expect(() => configWith({ DLQ_TOKEN: 'short' })).toThrow(/DLQ_TOKEN/);
  });

  test('its defaults are the rules that letters are judged by everywhere', () => {
    expect(rulesOf(configWith())).toEqual(defaultRules);
  });

  test.each(['', ',', '10,', '0', '-1', '1.5', 'ten', '1,2,x', `${'1,'.repeat(20)}1`])('the delays "%s" are refused', (text) => {
    if (text === '') expect(delaysOf(configWith({ DLQ_DELAYS_MS: text }))).toHaveLength(5);
    else expect(() => configWith({ DLQ_DELAYS_MS: text })).toThrow(/DLQ_DELAYS_MS/);
  });

  test('the exchanges of brokers are named with or without a routing key, which may hold an equals sign', () => {
    expect(sourcesOf(configWith({ DLQ_SOURCE_EXCHANGES: 'a,b=x.#,c=,d=k=v' }))).toEqual([
      { exchange: 'a', routingKey: '#' },
      { exchange: 'b', routingKey: 'x.#' },
      { exchange: 'c', routingKey: '' },
      { exchange: 'd', routingKey: 'k=v' },
    ]);
    expect(() => configWith({ DLQ_SOURCE_EXCHANGES: 'a b' })).toThrow(/DLQ_SOURCE_EXCHANGES/);
  });
});
