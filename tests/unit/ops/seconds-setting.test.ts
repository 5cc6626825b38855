import { describe, expect, it } from '@jest/globals';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { localSettings } from '../../../src/local/config.ts';

const longestTimerMs = 2 ** 31 - 1;

describe.each([
  ['local mode', localSettings.properties],
  ['a cluster', clusterSettings.properties],
])('settings in seconds, of %s', (_, settings: object) => {
  const maximumOf = (name: string): number =>
    (settings as Readonly<Record<string, { maximum?: number }>>)[name]?.maximum ?? Infinity;
  const names = Object.keys(settings).filter((name) => name.endsWith('_SECONDS'));

  it.each(names)('%s can be waited for: a longer timer would fire at once', (name) => {
    expect(maximumOf(name) * 1_000).toBeLessThanOrEqual(longestTimerMs);
  });

  it('have no more digits than the functions read', () => {
    expect(maximumOf('TIMEOUT_SECONDS')).toBeLessThanOrEqual(999_999);
  });
});
