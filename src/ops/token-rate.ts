// How a rate becomes a reservoir of Bottleneck's, a well-kept limiter: tokens are added a whole number at a time.
import type Bottleneck from 'bottleneck';

export type Rate = { perMinute: number; burst: number };

/** Bottleneck refills at multiples of 250 ms. */
export const heartbeatMs = 250;

/** The shortest interval that adds whole tokens. */
export const refill = ({ perMinute }: Rate): { amount: number; intervalMs: number } => {
  for (let intervalMs = heartbeatMs; intervalMs < 60_000; intervalMs += heartbeatMs) {
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
