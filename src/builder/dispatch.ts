// One row per event type. A new type breaks the build here until somebody says what handles it.
import type { Origin } from '../core/emitted.ts';
import type { EventName, LambdaEvent } from '../core/events.ts';
import type { Outcome } from './outcome.ts';

export type Handler<N extends EventName> = (event: LambdaEvent<N>, origin: Origin) => Promise<Outcome>;
export type Handlers = { readonly [N in EventName]: Handler<N> };

/** Completions are as many as there are builds, and builds are limited: refusing them would only delay what was promised. */
const unlimited: ReadonlySet<EventName> = new Set<EventName>([
  'build.complete',
  'build.failed',
  'build.timeout',
  'object.changed',
]);

export const isLimited = (name: EventName): boolean => !unlimited.has(name);

export const dispatch = (handlers: Handlers, event: LambdaEvent, origin: Origin): Promise<Outcome> =>
  // The event's name is its handler's key; TypeScript can't follow that through a union.
  (handlers[event.name] as Handler<EventName>)(event, origin);
