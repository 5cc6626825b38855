import type { Contestant } from '../contestant.ts';
import { go } from './go.ts';
import { nodejs } from './nodejs.ts';
import { python } from './python.ts';

/** One list per language. */
export const contestants: readonly Contestant[] = [...nodejs, ...python, ...go];
