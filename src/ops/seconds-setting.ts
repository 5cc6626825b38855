// A setting in seconds that can be waited for.
import Type from 'typebox';

/** A timer of more than 24 days fires at once, and the functions' wrappers read six digits. */
const most = 999_999;

export const seconds = (fallback: number, description: string, minimum = 1) =>
  Type.Integer({ default: fallback, minimum, maximum: most, description });
