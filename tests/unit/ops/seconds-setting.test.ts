import { describe, expect, it } from '@jest/globals';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { localSettings } from '../../../src/local/config.ts';

const longestTimerMs = 2 ** 31 - 1;

describe('settings in seconds', () => {
  const found = { ...localSettings.properties, ...clusterSettings.properties };
  const names = Object.keys(found).filter((name) => name.endsWith('_SECONDS'));

  it.each(names)('%s can be waited for: a longer timer would fire at once', (name) => {
    const { maximum } = found[name as keyof typeof found] as { maximum?: number };
    expect((maximum ?? Infinity) * 1_000).toBeLessThanOrEqual(longestTimerMs);
  });

  it('has no more digits than the functions read', () => {
    expect(localSettings.properties.TIMEOUT_SECONDS.maximum).toBe(999_999);
  });
});
