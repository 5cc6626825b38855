// The dead letters on RabbitMQ, put together: the topology, the lanes that letters run through, and the place where they are parked.
import type { CloudEvent } from '../../core/cloudevent.ts';
import type { DeadLetter, Disposition } from '../../core/letter.ts';
import type { Logger } from '../../ops/logger.ts';
import { carryOut } from './carry-out.ts';
import { createRabbitDeadLetterQueue, type RabbitDeadLetterQueue } from './dead-letter-queue.ts';
import { messageFromEvent, type Outgoing } from './event-message.ts';
import { openLane, type Lane } from './lane.ts';
import { messageFromLetter } from './letter-message.ts';
import { openLink, type Link, type LinkObserver, type LinkOptions } from './link.ts';
import { createParkedIndex, type ParkedIndex } from './parked-index.ts';
import type { ParkedRecord } from './parked-records.ts';
import type { Session } from './session.ts';
import { declareTopology, queueNames, type QueueNames, type TopologyOptions } from './topology.ts';

export type RabbitOptions = {
  link: LinkOptions;
  topology: TopologyOptions;
  /** Letters in hand at once: judged, and delivered. */
  prefetch: { fresh: number; due: number; archive: number };
};

export type LetterHandlers = {
  /** What to do with a letter that arrived. */
  judge: (letter: DeadLetter) => Disposition;
  /** Delivers a letter whose delay is over, and says what to do with it now. */
  redeliver: (letter: DeadLetter) => Promise<Disposition>;
  /** Resolves with `done` when the letter is in the archive for good. Without it letters stay in the archive queue. */
  archive?: (letter: DeadLetter) => Promise<Disposition>;
  /** Told of every letter that was parked or that left. */
  onRecord: (record: ParkedRecord) => void;
};

/** Letters by where they are. */
export type Depths = { fresh: number; waiting: number; due: number; archive: number; parked: number };

export type RabbitDeadLetters = {
  readonly queue: RabbitDeadLetterQueue;
  /** Resolves when the event, with the extensions of its failure, is durably in the queue. BROKER_UNAVAILABLE otherwise. */
  accept(event: CloudEvent): Promise<void>;
  /** The same for what is no event. */
  acceptLetter(letter: DeadLetter): Promise<void>;
  depths(): Promise<Depths>;
  /** Why letters are not consumed, or not confirmed, right now; undefined when they are. */
  trouble(): string | undefined;
  /** Takes no more letters, finishes those in hand, disconnects. */
  close(): Promise<void>;
};

const countIn = async (link: Link, queue: string): Promise<number> =>
  (await link.session().control.checkQueue(queue)).messageCount;

const depthsOf = async (link: Link, names: QueueNames, parked: ParkedIndex): Promise<Depths> => {
  const [fresh, due, archive, ...delays] = await Promise.all(
    [names.fresh, names.due, names.archive, ...names.delays.map(({ name }) => name)].map((queue) => countIn(link, queue)),
  );
  return {
    fresh: fresh ?? 0,
    due: due ?? 0,
    archive: archive ?? 0,
    waiting: delays.reduce((sum, count) => sum + count, 0),
    parked: parked.index.size,
  };
};

const openLanes = async (
  session: Session,
  names: QueueNames,
  options: RabbitOptions,
  handlers: LetterHandlers,
  logger: Logger,
): Promise<Lane[]> => {
  const copy = (to: Session, disposition: Disposition): Promise<void> => carryOut(to.publisher, names, disposition);
  const { archive } = handlers;
  const lanes = [
    openLane(session, { queue: names.due, prefetch: options.prefetch.due, handle: handlers.redeliver, carryOut: copy, logger }),
    openLane(session, { queue: names.fresh, prefetch: options.prefetch.fresh, handle: handlers.judge, carryOut: copy, logger }),
  ];
  if (archive !== undefined) {
    // What is archived is not delivered, whoever asked for a redrive of it before.
    const leave = (to: Session, disposition: Disposition): Promise<void> =>
      disposition.to === 'done' ? Promise.resolve() : copy(to, disposition);
    lanes.push(
      openLane(session, { queue: names.archive, prefetch: options.prefetch.archive, handle: archive, carryOut: leave, logger }),
    );
  }
  return Promise.all(lanes);
};

/** Resolves when letters are consumed. @throws TopologyConflict when the broker has other queues under our names */
export const openRabbitDeadLetters = async (
  options: RabbitOptions,
  handlers: LetterHandlers,
  observer: LinkObserver,
  logger: Logger,
): Promise<RabbitDeadLetters> => {
  const names = queueNames(options.topology);
  const parked = createParkedIndex(names.parked, (record) => handlers.onRecord(record), logger);
  let lanes: Lane[] = [];
  const setUp = async (session: Session): Promise<void> => {
    await declareTopology(session.control, options.topology);
    parked.follow(session);
    lanes = await openLanes(session, names, options, handlers, logger);
  };
  const link = await openLink(options.link, setUp, observer, logger);
  const send = (message: Outgoing): Promise<void> => link.session().publisher.publish(names.exchange, 'letter', message);

  return {
    queue: createRabbitDeadLetterQueue(link, names, parked),
    accept: (event) => send(messageFromEvent(event)),
    acceptLetter: (letter) => send(messageFromLetter(letter)),
    depths: () => depthsOf(link, names, parked),
    trouble: () => link.trouble(),
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.drain()));
      await link.close();
    },
  };
};
