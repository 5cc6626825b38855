// The dead letters on RabbitMQ, put together: the topology, the lanes that letters run through, and the place where they are parked.
import type { Depths, Disposition, LetterFlow, LetterHandlers } from '../../core/letter-flow.ts';
import type { DeadLetterQueue } from '../../ports.ts';
import type { Logger } from '../../ops/logger.ts';
import { carryOut } from './carry-out.ts';
import { archiveParked, createRabbitDeadLetterQueue } from './dead-letter-queue.ts';
import { messageFromEvent, type Outgoing } from './event-message.ts';
import { openLane, type Lane } from './lane.ts';
import { messageFromLetter } from './letter-message.ts';
import { createLink, type Link, type LinkOptions } from './link.ts';
import { createParkedIndex, type ParkedIndex } from './parked-index.ts';
import type { Session } from './session.ts';
import { declareTopology, queueNames, type QueueNames, type TopologyOptions } from './topology.ts';

export type RabbitOptions = {
  link: LinkOptions;
  topology: TopologyOptions;
  /** Letters in hand at once: judged, and delivered. */
  prefetch: { fresh: number; due: number; archive: number };
  /** One process at a time consumes: an order can't be kept by two. */
  exclusive: boolean;
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
  const { exclusive } = options;
  const lanes = [
    openLane(session, {
      queue: names.due,
      prefetch: options.prefetch.due,
      exclusive,
      handle: handlers.redeliver,
      carryOut: copy,
      logger,
    }),
    openLane(session, {
      queue: names.fresh,
      prefetch: options.prefetch.fresh,
      exclusive,
      handle: handlers.judge,
      carryOut: copy,
      logger,
    }),
  ];
  if (archive !== undefined) {
    // What is archived is not delivered, whoever asked for a redrive of it before.
    const leave = (to: Session, disposition: Disposition): Promise<void> =>
      disposition.to === 'done' ? Promise.resolve() : copy(to, disposition);
    lanes.push(
      openLane(session, {
        queue: names.archive,
        prefetch: options.prefetch.archive,
        exclusive: false,
        handle: archive,
        carryOut: leave,
        logger,
      }),
    );
  }
  return Promise.all(lanes);
};

/** Nothing happens before it is started: until then, and whenever the broker is away, what is asked of it fails with BROKER_UNAVAILABLE. */
export const createRabbitDeadLetters = (
  options: RabbitOptions,
  handlers: LetterHandlers,
  logger: Logger,
): LetterFlow & { readonly queue: DeadLetterQueue } => {
  const names = queueNames(options.topology);
  const parked = createParkedIndex(names.parked, handlers.onNews, logger);
  let lanes: Lane[] = [];
  const setUp = async (session: Session): Promise<void> => {
    await declareTopology(session.control, options.topology);
    parked.follow(session);
    lanes = await openLanes(session, names, options, handlers, logger);
  };
  const link = createLink(options.link, setUp, handlers, logger);
  const stream = { link, names, parked };

  const send = async (message: Outgoing): Promise<void> => link.session().publisher.publish(names.exchange, 'letter', message);

  return {
    queue: createRabbitDeadLetterQueue(stream),
    start: () => link.start(),
    accept: (event) => send(messageFromEvent(event)),
    acceptLetter: (letter) => send(messageFromLetter(letter)),
    depths: () => depthsOf(link, names, parked),
    trouble: () => link.trouble(),
    archive: (ids) => archiveParked(stream, ids),
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.drain()));
      await link.close();
    },
  };
};
