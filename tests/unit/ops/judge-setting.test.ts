import { expect, it } from '@jest/globals';
import { monitorSettings } from '../../../src/build-monitor/config.ts';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { dlqSettings } from '../../../src/dlq-consumer/config.ts';
import { localSettings } from '../../../src/local/config.ts';
import { problemWith } from '../../../src/ops/judge-setting.ts';

it.each<[object, unknown, string | undefined]>([
  [{ type: 'string', minLength: 2 }, 'a', 'must not have fewer than 2 characters'],
  [{ type: 'string', maxLength: 1 }, 'ab', 'must not have more than 1 characters'],
  [{ type: 'string', pattern: '^a$' }, 'b', 'must match pattern "^a$"'],
  [{ type: 'integer', minimum: 1 }, 0, 'must be >= 1'],
  [{ type: 'integer', maximum: 1 }, 2, 'must be <= 1'],
  [{ type: 'integer' }, 1.5, 'must be integer'],
  [{ type: 'integer' }, Infinity, 'must be integer'],
  [{ maximum: 5, type: 'integer' }, 'nine', 'must be integer'],
  [{ enum: ['a', 'b'] }, 'c', 'must be one of a, b'],
  [{ type: 'string', minLength: 1, maxLength: 3, pattern: '^a', default: 'x', description: 'y' }, 'abc', undefined],
  [{ type: 'number', minimum: 0, maximum: 1 }, 0.5, undefined],
])('%j says of %j: %s', (rule, value, problem) => {
  expect(problemWith(rule, value)).toBe(problem);
});

it('refuses a rule that it does not know, instead of letting everything pass', () => {
  const rule: object = { type: 'string', format: 'uri' };
  expect(() => problemWith(rule, 'x')).toThrow('format');
});

it('knows every rule of every setting there is', () => {
  for (const { properties } of [clusterSettings, dlqSettings, localSettings, monitorSettings])
    for (const property of Object.values<object>(properties)) expect(() => problemWith(property, '')).not.toThrow();
});
