// What a call throws, if it is one of our own errors. Anything else that is thrown fails the test where it happened.
import { CodedError } from '../../../src/core/errors.ts';

export const refusalOf = (call: () => unknown): CodedError => {
  try {
    call();
  } catch (thrown) {
    if (thrown instanceof CodedError) return thrown;
    throw thrown;
  }
  throw new Error('It was not refused');
};

/** The three things a sender is told: what kind of mistake, where, and (in words) which rule. */
export const codeAndField = (call: () => unknown): { code: string; field: string | undefined } => {
  const { code, details } = refusalOf(call);
  return { code, field: details.field };
};
