// Requests that wait for a replica, in the order they came. Each has a deadline and may be given up by its caller.
import { gaveUp } from '../../../core/function-failures.ts';

type Waiter<T> = { serve: (value: T) => void; refuse: (error: Error) => void };

export type WaitingLine<T> = {
  readonly size: number;
  /**
   * Resolves with what `serve` hands out.
   * @param expired the error after `ms` without being served
   */
  wait(signal: AbortSignal, ms: number, expired: () => Error): Promise<T>;
  /** Hands a value to the first in line; false, and nothing happened, when nobody waits. */
  serve(value: T): boolean;
  refuseAll(error: Error): void;
};

export const createWaitingLine = <T>(): WaitingLine<T> => {
  // A set keeps the order of insertion and lets one leave from the middle at no cost.
  const line = new Set<Waiter<T>>();
  return {
    get size() {
      return line.size;
    },
    wait: (signal, ms, expired) => {
      if (signal.aborted) return Promise.reject(gaveUp(signal));
      return new Promise<T>((resolve, reject) => {
        const leave = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', abandon);
          line.delete(waiter);
        };
        const refuse = (error: Error): void => {
          leave();
          reject(error);
        };
        const serve = (value: T): void => {
          leave();
          resolve(value);
        };
        const abandon = (): void => refuse(gaveUp(signal));
        const timer = setTimeout(() => refuse(expired()), ms);
        const waiter = { serve, refuse };
        signal.addEventListener('abort', abandon, { once: true });
        line.add(waiter);
      });
    },
    serve: (value) => {
      const [first] = line;
      first?.serve(value);
      return first !== undefined;
    },
    refuseAll: (error) => {
      for (const waiter of [...line]) waiter.refuse(error);
    },
  };
};
