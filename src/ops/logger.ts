// JSON lines on standard output; on a terminal, the same lines made pleasant. What is secret never gets there.
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';

export type { Logger };

/** Any of these keys, at the top or one level down, is a credential wherever it comes from. */
const secrets = [
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
];

export const redactedPaths = secrets.flatMap((key) => [`["${key}"]`, `*["${key}"]`, `*.headers["${key}"]`]);

export type LoggerOptions = { level: string; pretty: boolean; name: string };

/** @param destination where lines go instead of standard output */
export const createLogger = async (options: LoggerOptions, destination?: DestinationStream): Promise<Logger> => {
  const stream = destination ?? (options.pretty ? await prettyStream() : undefined);
  return pino(
    {
      level: options.level,
      base: { process: options.name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: '[redacted]' },
    },
    // 0 would be synchronous too: a line that was logged before a crash must be there after it.
    stream ?? pino.destination({ fd: 1, sync: true }),
  );
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
