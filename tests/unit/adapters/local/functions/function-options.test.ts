import { expect, test } from '@jest/globals';
import { withDefaults } from '../../../../../src/adapters/local/functions/function-options.ts';

const given = { dataDir: '/tmp', publicUrl: () => '', environment: {} };

test('a call has its time, what the wrapper needs to say that it is over, and the time of the callback where there is one', () => {
  expect(withDefaults(given)).toMatchObject({ timeoutSeconds: 60, callTimeoutMs: 62_000, waitMs: 60_000 });
  const environment = { SCHEDULER_URL: 'http://scheduler:5000' };
  expect(withDefaults({ ...given, environment, timeoutSeconds: 10 })).toMatchObject({ callTimeoutMs: 42_000, waitMs: 10_000 });
});

test('what is chosen replaces the default', () => {
  expect(withDefaults({ ...given, maxReplicas: 3, drainMs: 1 })).toMatchObject({ maxReplicas: 3, drainMs: 1, concurrency: 10 });
});
