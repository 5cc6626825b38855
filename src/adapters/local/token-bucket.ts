// One token bucket in this process: Bottleneck's reservoir, and some tokens drawn from it beforehand.
import Bottleneck from 'bottleneck';
import { bucketOptions, heartbeatMs, type Rate } from '../../ops/token-rate.ts';

type Drawn = { tokens: number; /** In the reservoir. */ left: number };

/** As many of the tokens as there are. Bottleneck's reservoir goes below zero, so what was not there is put back. */
const drawFrom = async (limiter: Bottleneck, capacity: number, wanted: number): Promise<Drawn> => {
  const left = await limiter.incrementReservoir(-wanted);
  const missing = Math.min(wanted, Math.max(0, -left));
  if (missing > 0) {
    // The rate may have added tokens since they were drawn.
    const excess = (await limiter.incrementReservoir(missing)) - capacity;
    if (excess > 0) await limiter.incrementReservoir(-excess);
  }
  return { tokens: wanted - missing, left: Math.max(0, left) };
};

export type TokenBucket = {
  /** What is left after one token was taken, negative when there was none. */
  take(): number | Promise<number>;
  close(): Promise<void>;
};

/**
 * Bottleneck answers on a timer, a millisecond or two later, and an event passes three limits. So a quarter of the tokens is drawn
 * beforehand, and only who finds none of those waits. The reservoir is smaller by as many: together they never exceed the burst.
 */
export const createTokenBucket = (rate: Rate): TokenBucket => {
  const beforehand = Math.floor(rate.burst / 4);
  const capacity = rate.burst - beforehand;
  const limiter = new Bottleneck({ ...bucketOptions(rate), reservoir: capacity, reservoirIncreaseMaximum: capacity });
  const waiting: ((left: number) => void)[] = [];
  let drawn = beforehand;
  let reservoir = capacity;
  let filling = false;
  let later: NodeJS.Timeout | undefined;

  const give = (): number => (drawn > 0 ? reservoir + --drawn : -1);

  /** For all that wait, with one operation; whoever arrives meanwhile shares the next one. */
  const fill = async (): Promise<void> => {
    if (filling) return;
    filling = true;
    do {
      const served = waiting.splice(0);
      const { tokens, left } = await drawFrom(limiter, capacity, served.length + beforehand - drawn);
      drawn += tokens;
      reservoir = left;
      for (const resolve of served) resolve(give());
    } while (waiting.length > 0);
    filling = false;
    fillLater();
  };

  /** A reservoir that is full gets no more tokens, so those that are missing beside it would be lost. */
  const fillLater = (): void => {
    if (drawn === beforehand || later !== undefined) return;
    later = setTimeout(() => {
      later = undefined;
      void fill();
    }, heartbeatMs).unref();
  };

  const take = (): number | Promise<number> => {
    if (drawn === 0) {
      const left = new Promise<number>((resolve) => waiting.push(resolve));
      void fill();
      return left;
    }
    const left = give();
    if (drawn < beforehand / 2) void fill();
    else fillLater();
    return left;
  };

  const close = (): Promise<void> => {
    clearTimeout(later);
    return limiter.disconnect(false);
  };
  return { take, close };
};
