// Keeps a session with the broker open: opens the next one when one ends, later and later while that fails.
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../../core/errors.ts';
import type { Logger } from '../../ops/logger.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { TopologyConflict } from './topology.ts';

export type LinkOptions = SessionOptions & { minBackoffMs: number; maxBackoffMs: number };

export type LinkObserver = {
  connected: () => void;
  disconnected: () => void;
};

export type Link = {
  /** Resolves when the first session is set up. @throws when the broker refuses what we need; one that is only absent is waited for */
  start(): Promise<void>;
  /** @throws CodedError BROKER_UNAVAILABLE while there is no session */
  session(): Session;
  /** Why nothing can be published right now, or undefined when it can. */
  trouble(): string | undefined;
  close(): Promise<void>;
};

const unavailable = (reason: string): CodedError =>
  new CodedError('BROKER_UNAVAILABLE', `The broker can't be reached: ${reason}`);

/** Between half of it and all of it, so that many processes do not come back at the same moment. */
const backoff = (failures: number, { minBackoffMs, maxBackoffMs }: LinkOptions): number =>
  Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2);

/** `absence`: why there is no session that is set up. `blocked`: why the one that is there takes no messages. */
type State = { current?: Session; absence: string | undefined; blocked: string | undefined; closing: AbortController };

const troubleIn = ({ absence, blocked }: State): string | undefined => absence ?? blocked;

const eventsOf = (state: State, logger: Logger) => ({
  blocked: (reason: string): void => {
    state.blocked = `the broker is blocked: ${reason}`;
    logger.warn({ reason }, 'the broker takes no messages for now');
  },
  unblocked: (): void => {
    state.blocked = undefined;
    logger.info('the broker takes messages again');
  },
});

type SetUp = (session: Session) => Promise<void>;

const openOnce = async (state: State, options: LinkOptions, setUp: SetUp, logger: Logger): Promise<Session> => {
  state.blocked = undefined;
  const session = await openSession(options, eventsOf(state, logger));
  const settingUp = setUp(session);
  try {
    const ended = await Promise.race([settingUp, session.ended]);
    if (ended === undefined) return session;
    // Setting up failed too, and knows better why.
    await session.close();
    await settingUp;
    throw new Error(ended);
  } catch (thrown) {
    await session.close();
    throw thrown;
  }
};

/** Until there is a session, or we are closing. @throws TopologyConflict before the first one: there a person is watching */
const openAtLast = async (state: State, options: LinkOptions, setUp: SetUp, logger: Logger): Promise<Session | undefined> => {
  for (let failures = 0; !state.closing.signal.aborted; failures++) {
    try {
      return await openOnce(state, options, setUp, logger);
    } catch (thrown) {
      state.absence = thrown instanceof Error ? thrown.message : String(thrown);
      if (thrown instanceof TopologyConflict && state.current === undefined) throw thrown;
      const waitMs = Math.round(backoff(failures, options));
      logger.warn({ err: thrown, wait_ms: waitMs }, 'no session with the broker; trying again');
      await sleep(waitMs, undefined, { signal: state.closing.signal }).catch(() => undefined);
    }
  }
  return undefined;
};

/** @param setUp declares the topology and starts the consumers of a new session */
export const createLink = (options: LinkOptions, setUp: SetUp, observer: LinkObserver, logger: Logger): Link => {
  const state: State = { absence: 'not connected yet', blocked: undefined, closing: new AbortController() };
  let kept = Promise.resolve();
  const keepOpen = async (first: Session | undefined): Promise<void> => {
    for (let session = first; session !== undefined; session = await openAtLast(state, options, setUp, logger)) {
      state.current = session;
      state.absence = undefined;
      observer.connected();
      logger.info('connected to the broker');
      const reason = await session.ended;
      state.absence = reason;
      observer.disconnected();
      if (!state.closing.signal.aborted) logger.warn({ reason }, 'the session with the broker ended');
      await session.close();
    }
  };
  return {
    start: async () => {
      kept = keepOpen(await openAtLast(state, options, setUp, logger));
    },
    session: () => {
      const trouble = troubleIn(state);
      if (state.current === undefined || trouble !== undefined) throw unavailable(trouble ?? 'not connected yet');
      return state.current;
    },
    trouble: () => troubleIn(state),
    close: async () => {
      state.closing.abort();
      await state.current?.close();
      await kept;
    },
  };
};
