import { describe, expect, it } from '@jest/globals';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { dlqSettings } from '../../../src/dlq-consumer/config.ts';
import { localSettings } from '../../../src/local/config.ts';

describe.each([
  ['local mode', localSettings.properties],
  ['a cluster', clusterSettings.properties],
  ['dead letters', dlqSettings.properties],
])('settings in seconds, of %s', (_, settings: object) => {
  const schemas = settings as Readonly<Record<string, { maximum?: number }>>;
  const names = Object.keys(settings).filter((name) => name.endsWith('_SECONDS'));

  it.each(names)(
    '%s can be waited for, since a longer timer fires at once, and has no more digits than functions read',
    (name) => {
      expect(schemas[name]?.maximum ?? Infinity).toBeLessThanOrEqual(999_999);
    },
  );
});
