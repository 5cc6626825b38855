// JSON lines on standard output. Written at once and not through a stream: the last line before an end must be on its way.
const { writeSync } = process.getBuiltinModule('node:fs');

const rank = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

function write(text) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at);
    } catch (error) {
      // The reader is slow and the pipe does not block: wait. It is gone: nobody is left to tell.
      if (error.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** What fields may hold is the function's choice; a line is written whatever it is. */
function readable(value) {
  if (value instanceof Error) return value.stack ?? String(value);
  try {
    return JSON.stringify(value) === undefined ? String(value) : value;
  } catch {
    return '[cannot be said in JSON]';
  }
}

function addFields(line, fields) {
  if (fields === null || typeof fields !== 'object') return;
  for (const name of Object.keys(fields)) if (!Object.hasOwn(line, name)) line[name] = readable(fields[name]);
}

/**
 * @param {{ tenant: string, name: string, logLevel: string }} configuration
 */
export function createLog({ tenant, name, logLevel }) {
  const threshold = rank[logLevel] ?? rank.info;

  /** @param {object} [ids] of the event, which no field replaces */
  const always = (level, msg, fields, ids) => {
    const line = { time: new Date().toISOString(), level, msg: String(msg), ...ids, third_party_id: tenant, parser_id: name };
    addFields(line, fields);
    write(`${JSON.stringify(line)}\n`);
  };
  const say = (level, msg, fields, ids) => {
    if (rank[level] >= threshold) always(level, msg, fields, ids);
  };
  let ended = false;
  return {
    always,
    say,
    debugging: threshold === rank.debug,
    /** Says why, and ends the process. */
    end: (msg, fields) => {
      ended = true;
      always('fatal', msg, fields);
      process.exit(1);
    },
    ended: () => ended,
    /** What the watchdog's thread says when nothing here can say anything any more. */
    lineAtBlock: () => ({ level: 'fatal', msg: 'function blocks the process', third_party_id: tenant, parser_id: name }),
    /** The logger that an event's function gets. */
    forEvent: (ids) => ({
      debug: (msg, fields) => say('debug', msg, fields, ids),
      info: (msg, fields) => say('info', msg, fields, ids),
      warn: (msg, fields) => say('warn', msg, fields, ids),
      error: (msg, fields) => say('error', msg, fields, ids),
    }),
  };
}
