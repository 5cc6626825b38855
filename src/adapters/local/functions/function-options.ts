// What can be chosen about functions here, and what it is unless chosen.
import type { FunctionRef } from '../../../core/function.ts';
import type { ActivatorOptions } from './activator-pool.ts';

export type FunctionPlatformOptions = Partial<Omit<ActivatorOptions, 'waitMs'>> & {
  readonly dataDir: string;
  /** Where the function is reached from outside. */
  publicUrl(ref: FunctionRef): string;
  /** What every function's process gets, its PATH included; of the platform's own environment it gets nothing else. */
  readonly environment: Readonly<Record<string, string>>;
  readonly readyTimeoutMs?: number;
  /** A call's time in the function. Waiting for a replica has the same time again. */
  readonly timeoutSeconds?: number;
};

export type EffectiveOptions = Required<FunctionPlatformOptions> & ActivatorOptions & { readonly callTimeoutMs: number };

/** The wrapper answers 504 at the deadline and cuts a blocked function off a second later; whoever takes longer is stuck. */
const answerMarginMs = 2_000;
/** Before it answers it tells the scheduler, if there is one: five tries of 5 s, with pauses. */
const callbackMarginMs = 30_000;

export const withDefaults = (given: FunctionPlatformOptions): EffectiveOptions => {
  const timeoutSeconds = given.timeoutSeconds ?? 60;
  const hasCallback = (given.environment.SCHEDULER_URL ?? '') !== '';
  return {
    concurrency: 10,
    target: 10,
    maxReplicas: 50,
    gracePeriodMs: 30_000,
    drainMs: 30_000,
    maxWaiting: 1_000,
    readyTimeoutMs: 30_000,
    ...given,
    timeoutSeconds,
    waitMs: timeoutSeconds * 1000,
    callTimeoutMs: timeoutSeconds * 1000 + answerMarginMs + (hasCallback ? callbackMarginMs : 0),
  };
};
