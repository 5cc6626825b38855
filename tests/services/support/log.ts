// The lines that a part logs under test.
import { createLogger, type Logger } from '../../../src/ops/logger.ts';

export type TestLog = { logger: Logger; lines: string[]; warnings: () => string[] };

export const createLog = async (): Promise<TestLog> => {
  const lines: string[] = [];
  const logger = await createLogger({ level: 'info', pretty: false, name: 'test' }, { write: (line) => lines.push(line) });
  return { logger, lines, warnings: () => lines.filter((line) => line.includes('"level":"warn"')) };
};
