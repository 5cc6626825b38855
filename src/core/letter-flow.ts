// How letters run: what is decided about each, and what whoever carries it out offers and reports.
import type { CloudEvent } from './cloudevent.ts';
import type { DeadLetter, LetterSummary } from './letter.ts';

/**
 * What is to become of a letter in hand: a copy of it in another place; nothing more, since it is where it belongs; or it
 * stays where it is, for the next process, since this one is stopping.
 */
export type Disposition =
  | { readonly to: 'delay'; readonly letter: DeadLetter; readonly delayMs: number }
  | { readonly to: 'park'; readonly letter: DeadLetter }
  /** `byBroker`: the broker has taken it, which is not yet to say that a subscriber will. */
  | { readonly to: 'done'; readonly letter: DeadLetter; readonly byBroker?: boolean }
  | { readonly to: 'stay'; readonly letter: DeadLetter };

/** Why a letter is not parked any more. Of a redriven one: its subscriber has taken it, or only the broker has. */
export type Departure = 'redriven' | 'purged' | 'archived' | 'delivered' | 'handed_to_broker';

/** What the redrives are known by that only keep letters in their order. */
export const orderedRun = 'ordered';

/** `run` is the redrive that the letter was part of; `byBroker` says that the broker had taken it in between. */
export type LetterNews =
  | {
      readonly kind: 'parked';
      readonly position: number;
      readonly letter: LetterSummary;
      readonly run?: string;
      readonly byBroker?: boolean;
      readonly held?: { readonly dueAt: number; readonly order: number };
    }
  /** `place` is where the letter was when it left: one that came back since is at a higher position, and stays. */
  | {
      readonly kind: 'left';
      readonly position: number;
      readonly id: string;
      readonly place: number;
      readonly departure: Departure;
      readonly run?: string;
      readonly byBroker?: boolean;
    };

export type LetterHandlers = {
  /** What to do with a letter that arrived. @param bytes its message's length: what it takes in memory */
  judge: (letter: DeadLetter, bytes: number) => Disposition;
  /** Delivers a letter whose delay is over, and says what to do with it now. */
  redeliver: (letter: DeadLetter, bytes: number) => Promise<Disposition>;
  /** Resolves with `done` when the letter is in the archive for good. Without it letters stay in the archive queue. */
  archive?: (letter: DeadLetter) => Promise<Disposition>;
  /** Told of every letter that was parked or that left, by whichever process. */
  onNews: (news: LetterNews) => void;
  connected: () => void;
  disconnected: () => void;
};

/** Letters by where they are. */
export type Depths = { fresh: number; waiting: number; due: number; archive: number; parked: number };

/** Letters on their way. */
export type LetterFlow = {
  /** Resolves when letters are consumed. @throws when the broker holds other queues under our names */
  start(): Promise<void>;
  /** Resolves when the event, with the extensions of its failure, is durably in the queue. BROKER_UNAVAILABLE otherwise. */
  accept(event: CloudEvent): Promise<void>;
  /** The same for what is no event. */
  acceptLetter(letter: DeadLetter): Promise<void>;
  depths(): Promise<Depths>;
  /** Why letters are not consumed, or not confirmed, right now; undefined when they are. */
  trouble(): string | undefined;
  /** Moves parked letters to the archive and answers how many; those that are not there any more are left out. */
  archive(ids: readonly string[]): Promise<number>;
  /** Takes no more letters, finishes those in hand, disconnects. */
  close(): Promise<void>;
};
