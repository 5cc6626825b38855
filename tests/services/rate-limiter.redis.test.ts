// The RateLimiter port on a real Redis, and what it does without one.
import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenantRateLimiter } from '../../src/adapters/local/tenant-rate-limiter.ts';
import { connectRedis, type RedisConnection } from '../../src/adapters/redis/connection.ts';
import { createRedisRateLimiter } from '../../src/adapters/redis/rate-limiter.ts';
import { openLimiter } from '../../src/cluster/open-limiter.ts';
import { createLifecycle } from '../../src/ops/lifecycle.ts';
import type { Rate } from '../../src/ops/token-rate.ts';
import type { RateLimiter, RateVerdict } from '../../src/ports.ts';
import { rateLimiterContract } from '../contract/rate-limiter.ts';
import { createLog, type TestLog } from './support/log.ts';
import { startRedis } from './support/redis.ts';
import { describeWith } from './support/service.ts';

const until = async (what: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> => {
  const deadline = Date.now() + withinMs;
  while (!(await what())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms`);
    await sleep(20);
  }
};

const rate: Rate = { perMinute: 1, burst: 10 };
const takeMany = (limiter: RateLimiter, count: number, key = 'acme'): Promise<RateVerdict[]> =>
  Promise.all(Array.from({ length: count }, () => limiter.take(key)));
const allowedOf = (verdicts: readonly RateVerdict[]): number => verdicts.filter(({ allowed }) => allowed).length;

/** Stands for a local limiter where Redis has to be the one who answers. */
const nobody: RateLimiter = { take: () => Promise.reject(new Error('this replica was asked, and not Redis')) };

describeWith(await startRedis(), 'a rate limiter on Redis', ({ url, command }) => {
  const opened: RedisConnection[] = [];
  let log: TestLog;
  let admin: Redis;

  const connect = (to = url): RedisConnection => {
    const connection = connectRedis(to, log.logger);
    opened.push(connection);
    return connection;
  };
  const connected = async (): Promise<RedisConnection> => {
    const connection = connect();
    await until(() => connection.answers());
    return connection;
  };
  /** One of several builders, with a connection of its own. */
  const openReplica = async (limit = 'tenant', alone = nobody): Promise<RateLimiter> =>
    createRedisRateLimiter(await connected(), { limit, rate }, alone);

  beforeEach(async () => {
    log = await createLog();
    admin = new Redis(url, { disconnectTimeout: 200 });
    admin.on('error', () => undefined);
    await admin.flushall();
  });
  afterEach(() => {
    admin.disconnect();
    for (const connection of opened.splice(0)) connection.close();
  });
  afterAll(() => command('stop'));

  describe('keeps the contract of RateLimiter', () => {
    rateLimiterContract(async (its) => {
      await admin.flushall();
      const connection = await connected();
      const limiter = createRedisRateLimiter(connection, { limit: 'tenant', rate: its }, nobody);
      return {
        ...limiter,
        close: () => {
          connection.close();
          return Promise.resolve();
        },
      };
    });
  });

  it('allows the first request where one is all there is', async () => {
    const limiter = createRedisRateLimiter(await connected(), { limit: 'tenant', rate: { perMinute: 7, burst: 1 } }, nobody);
    expect(await limiter.take('acme')).toEqual({ allowed: true, limit: 1, remaining: 0, retryAfterMs: 0 });
    expect(await limiter.take('acme')).toMatchObject({ allowed: false, limit: 1, remaining: 0 });
  });

  describe('of several replicas', () => {
    it('allows them together as many as one of them, to the last token', async () => {
      const replicas = await Promise.all([openReplica(), openReplica(), openReplica()]);
      const verdicts = (await Promise.all(replicas.map((replica) => takeMany(replica, 20)))).flat();
      expect(allowedOf(verdicts)).toBe(10);
      expect(
        verdicts
          .filter(({ allowed }) => allowed)
          .map(({ remaining }) => remaining)
          .sort((a, b) => b - a),
      ).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    });

    it('has another bucket for the same key in another limit', async () => {
      const [tenant, storage] = [await openReplica('tenant'), await openReplica('storage')];
      expect(allowedOf(await takeMany(tenant, 11))).toBe(10);
      expect(allowedOf(await takeMany(storage, 11))).toBe(10);
    });
  });

  describe('as the builder opens it', () => {
    const openBuilder = async (config: { REDIS_URL?: string }) => {
      const lifecycle = createLifecycle(log.logger);
      const { limiter, observed } = await openLimiter({ config, lifecycle, logger: log.logger });
      await until(async () => (await observed.limitsShared?.()) !== 0);
      return { ...lifecycle, limiter, observed };
    };

    it.each(['tenant', 'global', 'storage'])('shares the limit "%s" where REDIS_URL is set', async (name) => {
      const builders = await Promise.all([openBuilder({ REDIS_URL: url }), openBuilder({ REDIS_URL: url })]);
      const verdicts = await Promise.all(builders.map(({ limiter }) => takeMany(limiter(name, rate), 10)));
      expect(allowedOf(verdicts.flat())).toBe(10);
      await Promise.all(builders.map((builder) => builder.close()));
      for (const { observed } of builders) await until(async () => (await observed.limitsShared?.()) === 0);
    });

    it('lets each builder have its own limit where it is not, and measures nothing', async () => {
      const builders = await Promise.all([openBuilder({}), openBuilder({})]);
      const verdicts = await Promise.all(builders.map(({ limiter }) => takeMany(limiter('tenant', rate), 10)));
      expect(allowedOf(verdicts.flat())).toBe(20);
      expect(builders.map(({ observed }) => observed)).toEqual([{}, {}]);
      await Promise.all(builders.map((builder) => builder.close()));
    });
  });

  describe('with names that senders make up', () => {
    const names = [
      '',
      ' ',
      '*',
      'a:b',
      'a',
      'a\0',
      'a\n',
      '{a}',
      '__proto__',
      '\ud800',
      '\ud801',
      '\ufffd',
      'ä',
      'a\u0308',
      'x'.repeat(1e6),
    ];

    it('takes nothing from one for another, and keeps keys of one length', async () => {
      const limiter = await openReplica();
      for (const name of names) expect([name.slice(0, 9), (await limiter.take(name)).remaining]).toEqual([name.slice(0, 9), 9]);
      const keys = await admin.keys('*');
      expect(keys).toHaveLength(names.length);
      for (const key of keys) expect(key).toMatch(/^knative-lambda:limit:tenant:[\w-]{43}$/);
    });

    it('leaves nothing behind of 20,000 of them once their buckets are full again', async () => {
      const limiter = createRedisRateLimiter(await connected(), { limit: 'tenant', rate: { perMinute: 30, burst: 5 } }, nobody);
      for (let first = 0; first < 20_000; first += 100)
        await Promise.all(Array.from({ length: 100 }, (_, index) => limiter.take(`made-up-${first + index}`)));
      // A key stays for two seconds, so most are there when the last one comes.
      expect(await admin.dbsize()).toBeGreaterThan(1_000);
      await until(async () => (await admin.dbsize()) === 0, 20_000);
    });
  });

  describe('whose clock is not what it was', () => {
    it('does not refuse for longer than it takes to fill a bucket', async () => {
      const limiter = await openReplica();
      await limiter.take('acme');
      const [key = ''] = await admin.keys('*');
      await admin.set(key, '9000000000000000');
      expect(await limiter.take('acme')).toEqual({ allowed: false, limit: 10, remaining: 0, retryAfterMs: 60_000 });
    });
  });

  describe('while Redis is away', () => {
    afterEach(() => command('start'));

    const ownLimiter = (): RateLimiter => createTenantRateLimiter(rate);

    it.each(['stop', 'kill'] as const)('(%s) limits by itself, at once; and shares again when it is back', async (end) => {
      const replicas = await Promise.all([openReplica('tenant', ownLimiter()), openReplica('tenant', ownLimiter())]);
      expect(allowedOf((await Promise.all(replicas.map((replica) => takeMany(replica, 11)))).flat())).toBe(10);

      await command(end);
      const began = performance.now();
      for (const replica of replicas) expect(allowedOf(await takeMany(replica, 50))).toBe(10);
      expect(performance.now() - began).toBeLessThan(100);

      await command('start');
      await until(() => opened.every((connection) => connection.answers()));
      // Redis has forgotten what it held.
      expect(allowedOf((await Promise.all(replicas.map((replica) => takeMany(replica, 11)))).flat())).toBe(10);
    });

    it('is asked by few, who wait 200 ms, when it takes questions and gives no answer', async () => {
      const limiter = await openReplica('tenant', ownLimiter());
      await command('freeze');
      const waits: number[] = [];
      const stop = Date.now() + 5_000;
      while (Date.now() < stop) {
        const began = performance.now();
        await takeMany(limiter, 5, `tenant-${waits.length}`);
        waits.push(performance.now() - began);
        await sleep(10);
      }
      expect(Math.max(...waits)).toBeLessThan(400);
      expect(waits.filter((ms) => ms > 100).length).toBeLessThanOrEqual(5);
      expect(opened[0]?.answers()).toBe(false);

      await command('thaw');
      await until(() => opened[0]?.answers() === true);
    });

    it('says so once a minute at most, and once when it is back', async () => {
      const limiter = await openReplica('tenant', ownLimiter());
      for (let times = 0; times < 2; times++) {
        await command('kill');
        for (let asked = 0; asked < 50; asked++) {
          await limiter.take('acme');
          await sleep(20);
        }
        await command('start');
        await until(() => opened[0]?.answers() === true);
        await limiter.take('acme');
      }
      expect(log.warnings()).toHaveLength(1);
      expect(log.warnings()[0]).toContain('each replica limits for itself');
      expect(log.lines.filter((line) => line.includes('shared again'))).toHaveLength(1);
    });

    const tell = (command: string): Promise<unknown> => {
      const [name = '', ...rest] = command.split(' ');
      return admin.call(name, rest);
    };

    const connections = async (): Promise<number> =>
      Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);

    it.each([
      ['full', 'OOM', 'CONFIG SET maxmemory 1', 'CONFIG SET maxmemory 0'],
      ['a replica now', 'READONLY', 'REPLICAOF 127.0.0.1 1', 'REPLICAOF NO ONE'],
    ] as const)('since it is %s, says why; and shares again when it can', async (_, reason, refuse, accept) => {
      const limiter = await openReplica('tenant', ownLimiter());
      const before = await connections();
      await tell(refuse);
      expect(allowedOf(await takeMany(limiter, 50))).toBe(10);
      expect(log.warnings()).toEqual([expect.stringContaining(reason)]);
      await sleep(2_500);
      expect(log.lines.join('')).not.toContain('shared again');
      // Behind the same name there may be a primary by now; a Redis that is full stays the same one.
      expect((await connections()) > before).toBe(reason === 'READONLY');
      await limiter.take('acme');
      expect(opened[0]?.answers()).toBe(false);
      await tell(accept);
      await until(async () => (await limiter.take('another')).allowed && opened[0]?.answers() === true);
      expect(log.lines.filter((line) => line.includes('shared again'))).toHaveLength(1);
    });

    it('since the connection is not there yet, is no reason for a warning', async () => {
      const limiter = createRedisRateLimiter(connect(), { limit: 'tenant', rate }, ownLimiter());
      expect(await limiter.take('acme')).toMatchObject({ allowed: true, remaining: 9 });
      await until(() => opened[0]?.answers() === true);
      expect(log.lines).toEqual([]);
    });

    it('from the start on, allows the first request without a wait', async () => {
      await command('stop');
      const limiter = createRedisRateLimiter(connect(), { limit: 'tenant', rate }, ownLimiter());
      const began = performance.now();
      expect(await limiter.take('acme')).toMatchObject({ allowed: true, remaining: 9 });
      expect(performance.now() - began).toBeLessThan(50);
      await until(() => log.warnings().length === 1);
    });
  });
});

describeWith(await startRedis(26479, 'right-password'), 'a Redis that asks for a password', ({ url, command }) => {
  afterAll(() => command('wipe'));

  it('limits with the right one; with a wrong one each replica does, and the log does not tell it', async () => {
    const log = await createLog();
    const right = connectRedis(url, log.logger);
    await until(() => right.answers());
    expect(await right.take('key', 1_000_000, 5)).toEqual({ allowed: true, remaining: 4, retryAfterMs: 0 });
    right.close();

    const wrong = connectRedis(url.replace('right', 'wrong'), log.logger);
    await until(() => log.warnings().length > 0);
    expect(await wrong.take('key', 1_000_000, 5)).toBeUndefined();
    wrong.close();
    expect(log.lines.join('')).toContain('WRONGPASS');
    expect(log.lines.join('')).not.toContain('wrong-password');
  });
});
