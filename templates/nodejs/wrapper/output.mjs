// What a function prints, as JSON lines. The real streams are never opened: a function that prints nothing pays nothing.
const { AsyncLocalStorage } = process.getBuiltinModule('node:async_hooks');

/** Before Node 24, following an event costs hooks at every step, and a function that is cut off leaves them in a state that Node ends at. */
const canFollow = Number.parseInt(process.versions.node, 10) >= 24;
const notFollowed = { run: (_event, work, ...parameters) => work(...parameters), getStore: () => undefined };

/** Which event the running code belongs to, so that a printed line can say it. @type {Pick<AsyncLocalStorage<{ ids: object }>, 'run' | 'getStore'>} */
export const currentEvent = canFollow ? new AsyncLocalStorage() : notFollowed;

/** A line that never ends must not grow for ever. */
const longestLine = 64 * 1024;

function createLineWriter(log, stream, level) {
  let rest = '';
  const say = (line) => log.say(level, line, { stream }, currentEvent.getStore()?.ids);
  return {
    add: (text) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) say(line.endsWith('\r') ? line.slice(0, -1) : line);
      while (rest.length >= longestLine) {
        say(rest.slice(0, longestLine));
        rest = rest.slice(longestLine);
      }
    },
    finish: () => {
      if (rest !== '') say(rest);
      rest = '';
    },
  };
}

function openStream(writer, descriptor) {
  const { Writable } = process.getBuiltinModule('node:stream');
  const decoder = new TextDecoder();
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk, _encoding, done) => {
      writer.add(typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true }));
      done();
    },
  });
  // As the real ones: printing never fails and is never over.
  stream.end = () => stream;
  stream.destroy = () => stream;
  return Object.assign(stream, { fd: descriptor, isTTY: false, _type: 'pipe' });
}

function capture(name, writer, descriptor) {
  let stream;
  const get = () => (stream ??= openStream(writer, descriptor));
  Object.defineProperty(process, name, { configurable: true, enumerable: true, get });
}

/** From here on, `console` and the standard streams write JSON lines. */
export function captureOutput(log) {
  const output = createLineWriter(log, 'stdout', 'info');
  const errors = createLineWriter(log, 'stderr', 'error');
  capture('stdout', output, 1);
  capture('stderr', errors, 2);
  process.on('exit', () => {
    output.finish();
    errors.finish();
  });
}
