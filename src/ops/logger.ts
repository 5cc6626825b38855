// JSON lines on standard output; on a terminal, the same lines made pleasant. What is secret never gets there.
import { pino, stdSerializers, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Any of these keys, at the top, one level down or among headers there, is a credential wherever it comes from. */
export const secretKeys: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'token',
  'secret',
  'signingKey',
  'SCHEDULER_SIGNING_KEY',
  'secretAccessKey',
  'sessionToken',
]);

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The fields without what is secret; the same object when there is nothing to hide. Done here because Pino's redaction of `*.token`
 * takes every value of every line apart, which costs more than all the rest of a line (npm run bench:door).
 */
const withoutSecrets = (fields: Fields, depth = 3): Fields => {
  let shown = fields;
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    let safe = value;
    if (secretKeys.has(key)) safe = '[redacted]';
    // An error is not fields yet: its serialiser below looks through it.
    else if (depth > 1 && key !== 'err' && isFields(value)) safe = withoutSecrets(value, depth - 1);
    if (safe === value) continue;
    if (shown === fields) shown = { ...fields };
    shown[key] = safe;
  }
  return shown;
};

const errorWithoutSecrets = (error: unknown): unknown => {
  const fields: unknown = stdSerializers.err(error as Error);
  return isFields(fields) ? withoutSecrets(fields) : fields;
};

/** Pino asks its formatter for what is logged, not for what is bound to a child. */
const hideBound = (logger: Logger): Logger => {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the logger that is asked for a child
  const { child } = logger;
  logger.child = function (this: Logger, bindings, options) {
    return child.call(this, withoutSecrets(bindings), options);
  } as Logger['child'];
  return logger;
};

/** Lines come in bursts: a millisecond is put into words once. */
const createTimestamp = (): (() => string) => {
  let [last, words] = [0, ''];
  return () => {
    const now = Date.now();
    if (now !== last) [last, words] = [now, `,"time":"${new Date(now).toISOString()}"`];
    return words;
  };
};

/** What Pino tells of the line, to a destination that asks for it. */
type Told = { lastLevel?: number };
const tellsMore = Symbol.for('pino.metadata');
const warning = 40;
/** Characters that wait at most. */
const longest = 2 ** 16;

/**
 * Standard output, written once for all lines of one turn of the event loop; at once with a warning or worse, and before the process
 * ends by itself. Writes are synchronous: when it is killed, at most the good news of its last turn is missing.
 */
const standardOutput = (): DestinationStream => {
  const output = pino.destination({ fd: 1, sync: true });
  let [gathered, scheduled, ending] = ['', false, false];
  // Not by its flushSync, which waits for the disk where the output is a file.
  const flush = (): void => {
    scheduled = false;
    if (gathered === '') return;
    const lines = gathered;
    gathered = '';
    output.write(lines);
  };
  process.once('exit', () => {
    ending = true;
    flush();
    // What a full pipe has not taken yet.
    output.flushSync();
  });
  const destination: DestinationStream & Told = {
    write: (line) => {
      gathered += line;
      if (ending || gathered.length > longest || (destination.lastLevel ?? 0) >= warning) flush();
      else if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
  };
  return Object.assign(destination, { [tellsMore]: true });
};

export type LoggerOptions = { level: string; pretty: boolean; name: string };

/** @param destination where lines go instead of standard output */
export const createLogger = async (options: LoggerOptions, destination?: DestinationStream): Promise<Logger> => {
  const stream = destination ?? (options.pretty ? await prettyStream() : undefined);
  const logger = pino(
    {
      level: options.level,
      base: { process: options.name },
      timestamp: createTimestamp(),
      formatters: { level: (label) => ({ level: label }), log: (fields) => withoutSecrets(fields) },
      serializers: { err: errorWithoutSecrets },
    },
    stream ?? standardOutput(),
  );
  return hideBound(logger);
};

/** Loaded only for a terminal: in production it costs nothing. */
const prettyStream = async (): Promise<DestinationStream> => {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    colorize: true,
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'process,trace_id,span_id,correlation_id',
    singleLine: true,
  });
};
