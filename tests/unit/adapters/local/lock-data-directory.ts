// Locks the data directory that it is told, once it is told to, says what came of it, and lives until its input ends.
import { once } from 'node:events';
import { lockDataDirectory } from '../../../../src/adapters/local/data-lock.ts';

process.stdout.write('ready\n');
await once(process.stdin, 'data');
const answer = await lockDataDirectory(process.argv[2] ?? '').then(
  () => 'locked',
  (error: unknown) => (error as Error).message,
);
process.stdout.write(`${answer}\n`);
await once(process.stdin.resume(), 'end');
