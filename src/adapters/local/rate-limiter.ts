// Token buckets in this process, with Bottleneck: a well-kept limiter whose reservoir is a token bucket. Shared ones need Redis.
import Bottleneck from 'bottleneck';
import type { RateLimiter } from '../../ports.ts';

export type Rate = { perMinute: number; burst: number };

/** Bottleneck refills at multiples of 250 ms: the shortest interval that adds whole tokens. */
const refill = ({ perMinute }: Rate): { amount: number; intervalMs: number } => {
  for (let intervalMs = 250; intervalMs < 60_000; intervalMs += 250) {
    const amount = (perMinute * intervalMs) / 60_000;
    if (Number.isInteger(amount)) return { amount, intervalMs };
  }
  return { amount: Math.ceil(perMinute), intervalMs: 60_000 };
};

/** A limiter that holds `burst` tokens, full at the start, and gets `perMinute` new ones. */
export const bucketOptions = (rate: Rate): Bottleneck.ConstructorOptions => {
  const { amount, intervalMs } = refill(rate);
  return {
    reservoir: rate.burst,
    reservoirIncreaseAmount: amount,
    reservoirIncreaseInterval: intervalMs,
    reservoirIncreaseMaximum: rate.burst,
  };
};

/** A bucket nobody asked for this long is full again, so forgetting it changes nothing. */
const idleMs = 300_000;

type Draw = { waiting: ((left: number) => void)[]; running: boolean };

/**
 * Takes one token for each that waits, with one operation: whoever arrives meanwhile shares the next one. Bottleneck answers on a
 * timer, and its `schedule` costs 25 times as much as a draw from the reservoir (npm run bench:door shows what the door keeps).
 */
const drain = async (bucket: Bottleneck, draw: Draw, drained: () => void): Promise<void> => {
  draw.running = true;
  while (draw.waiting.length > 0) {
    const batch = draw.waiting.splice(0);
    const left = await bucket.incrementReservoir(-batch.length);
    if (left < 0) await bucket.incrementReservoir(Math.min(-left, batch.length));
    batch.forEach((resolve, index) => resolve(left + batch.length - index - 1));
  }
  drained();
};

export const createLocalRateLimiter = (rate: Rate): RateLimiter & { close(): Promise<void> } => {
  const { amount, intervalMs } = refill(rate);
  const buckets = new Bottleneck.Group({ ...bucketOptions(rate), timeout: idleMs });
  const draws = new Map<string, Draw>();
  return {
    take: async (key) => {
      const draw = draws.get(key) ?? { waiting: [], running: false };
      draws.set(key, draw);
      const left = await new Promise<number>((resolve, reject) => {
        draw.waiting.push(resolve);
        // Bottleneck keeps its buckets in a plain object, in which "constructor" is there already.
        if (!draw.running) drain(buckets.key(`of ${key}`), draw, () => draws.delete(key)).catch(reject);
      });
      const allowed = left >= 0;
      return {
        allowed,
        limit: rate.burst,
        remaining: Math.max(0, left),
        retryAfterMs: allowed ? 0 : Math.ceil(intervalMs / amount),
      };
    },
    close: async () => {
      await Promise.all(buckets.limiters().map(({ limiter }) => limiter.disconnect(false)));
      await buckets.disconnect(false);
    },
  };
};
