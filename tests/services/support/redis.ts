// A Redis of the project's own, by its port. Each test file has one to itself: it is stopped, frozen and looked through.
import { join } from 'node:path';
import { report, runScript, started, type Missing } from './service.ts';

export type TestRedis = {
  url: string;
  /** A command of scripts/services/redis.sh for it. */
  command: (command: 'start' | 'stop' | 'kill' | 'freeze' | 'thaw' | 'wipe') => Promise<string>;
};

/** @param password that it asks for */
export const startRedis = async (port = 26379, password = ''): Promise<TestRedis | Missing> => {
  const environment = {
    REDIS_PORT: String(port),
    REDIS_FOLDER: join(import.meta.dirname, `../../../.cache/services/redis-${port}`),
    REDIS_PASSWORD: password,
  };
  const command: TestRedis['command'] = (name) => runScript('redis', [name], environment);
  return report(await started('Redis', async () => ({ url: await command('start'), command })));
};
