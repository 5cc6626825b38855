// A platform for the tests of one `describe`, with settings of its own.
import { afterAll, beforeAll, expect } from '@jest/globals';
import { startPlatform, type PlatformProcess } from '../support/platform-process.ts';
import { writeSources } from './sources.ts';

/** It has to be there, whole, at the end of the tests, and to leave nothing behind. */
export const withPlatform = (settings: Readonly<Record<string, string>>): (() => PlatformProcess) => {
  const testing: { platform?: PlatformProcess } = {};
  const platform = (): PlatformProcess => {
    if (testing.platform === undefined) throw new Error('The platform is not there');
    return testing.platform;
  };
  beforeAll(async () => {
    testing.platform = await startPlatform(settings);
    await writeSources(platform().folder, []);
  });
  afterAll(async () => {
    expect(await platform().isAlive()).toBe(true);
    expect(platform().log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(await platform().stop()).toEqual([]);
  });
  return platform;
};
