// An event of the drill before it is sent.
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import type { FunctionRef } from '../../../src/core/function.ts';

/** What happens to a function; its name begins with it. */
export type Group = 'new' | 'old' | 'equal' | 'forced' | 'updated' | 'failing' | 'hanging' | 'cancelled' | 'deleted' | 'garbage';
export type Way = 'broker' | 'direct';

export type Planned = {
  group: Group;
  ref: FunctionRef;
  event: CloudEvent;
  way: Way;
  /** When it is sent, and sent again: ms since the begin. */
  at: readonly number[];
  /** Sent once all others are over: nothing of its function happens after it. */
  isLast: boolean;
  /** What is no event is sent as these bytes. */
  raw?: { headers: Record<string, string>; body: string };
};

/** The first wave takes so long. */
export const waveMs = 100_000;
