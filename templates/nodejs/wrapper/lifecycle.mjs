// The process's end. As process 1 of a container nothing happens at a signal unless it is handled here.
import { describe } from './failure.mjs';
import { currentEvent } from './output.mjs';

const clean = { code: 0, level: 'info', msg: 'stopped' };

export function installLifecycle(log, drainSeconds) {
  let ending; // how the process will end, once it has begun to
  let inHand = 0;
  /** open connections, to see at the end whether everything has left */
  const sockets = new Set();
  let ended = false;

  const end = ({ code, level, msg }, fields) => {
    ended = true;
    log.always(level, msg, fields);
    process.exit(code);
  };
  /** An answer that is in the kernel's hands reaches its receiver without this process. */
  const isSent = () => {
    for (const socket of sockets) if (socket.writableLength > 0) return false;
    return true;
  };
  const endIfIdle = () => {
    if (ending === undefined || inHand > 0 || ended) return;
    if (isSent()) end(ending);
    else setTimeout(endIfIdle, 10);
  };
  /**
   * Not ready from now on; ends when nothing is in hand any more, or when the time to drain is over. Connections stay open until
   * then: an event that is on its way is told to come again, which a closed connection would not say.
   */
  const stop = (how, fields) => {
    // A terminal and a supervisor may both say it: the second time must not cut the work short.
    if (ending !== undefined) return;
    ending = how;
    log.say('info', 'stopping', { in_flight: inHand, ...fields });
    setTimeout(
      () => end({ code: 1, level: 'error', msg: 'stopped with work in hand' }, { in_flight: inHand }),
      drainSeconds * 1000,
    );
    // Not in the signal's own turn: an answer that was just written leaves first.
    setImmediate(endIfIdle);
  };

  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop(clean, { signal }));
  const failed = (thrown) =>
    log.say('error', 'function failed in the background', { error: describe(thrown) }, currentEvent.getStore()?.ids);
  process.on('uncaughtException', failed);
  process.on('unhandledRejection', failed);
  process.on('exit', (code) => {
    if (!ended && !log.ended()) log.always('fatal', 'function ended the process', { code });
  });

  return {
    connected: (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    },
    stopping: () => ending !== undefined,
    took: () => {
      inHand += 1;
    },
    gave: () => {
      inHand -= 1;
      if (ending !== undefined) setImmediate(endIfIdle);
    },
    /** The event loop was blocked, and its state is not to be trusted: what is in hand is answered, then the platform starts a new process. */
    blocked: () => stop({ code: 1, level: 'fatal', msg: 'function blocks the process' }),
  };
}
