// The command line: `node dist/cli/main.js dlq <verb> …`. Exits 0 when it is done, 1 when it was refused, 2 when it was not understood.
import { userInfo } from 'node:os';
import { runDlq } from './dlq.ts';
import { dlqUsage, UsageError } from './dlq-parameters.ts';
import { printable } from './letter-words.ts';
import { createOperatorApi, Refusal, Unreachable } from './operator-api.ts';

/** Moving 50,000 letters takes minutes, and is one request. */
const timeoutMs = 900_000;

const nameOfUser = (): string => {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have no name.
    return 'unnamed';
  }
};

const { DLQ_URL, DLQ_TOKEN, DLQ_OPERATOR } = process.env;
const [command, ...parameters] = process.argv.slice(2);
try {
  if (command !== 'dlq') throw new UsageError(command === undefined ? 'Which command?' : `There is no command "${command}"`);
  const url = URL.parse(DLQ_URL === undefined || DLQ_URL === '' ? 'http://127.0.0.1:8080' : DLQ_URL);
  if (url === null || !/^https?:$/.test(url.protocol)) throw new UsageError('DLQ_URL is not an address like http://host:8080');
  const token = DLQ_TOKEN === '' ? undefined : DLQ_TOKEN;
  // A header holds no other characters.
  const operator = (DLQ_OPERATOR ?? nameOfUser()).replace(/[^\x20-\x7e]/g, '?');
  const api = createOperatorApi({ url, token, operator, timeoutMs });
  process.exitCode = await runDlq(parameters, api, (text) => console.log(text));
  api.close();
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${printable(error.message)}\n\n${dlqUsage}`);
    process.exit(2);
  }
  const known = error instanceof Unreachable || error instanceof Refusal;
  console.error(known ? printable(error instanceof Refusal ? `${error.code}: ${error.message}` : error.message) : error);
  process.exit(1);
}
